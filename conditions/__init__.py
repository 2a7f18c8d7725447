"""Study files, their schema, and the pure code that turns them into trial tables."""
