"""The session: timeline, runner, display, journal, BIDS export and command line."""
