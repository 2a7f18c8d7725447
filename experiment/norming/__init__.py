"""Norming of portraits: the course of a rater's session, and what many raters' judgements say."""
