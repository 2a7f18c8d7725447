"""One segment of a run against a rig: the only code that waits for time to pass."""
