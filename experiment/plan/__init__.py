"""From rows of the trial table to phases and scenes, all as data."""
