"""Copies of datasets for sharing, which tell no true date and in which no session can be run."""
