"""Everything that the participant sees. PsychoPy is imported below this folder only."""
