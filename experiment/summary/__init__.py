"""What came of a session, in a few lines: pure readers of its journals."""
