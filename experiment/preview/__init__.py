"""A study to look at before anybody comes: its trial table and its screens."""
