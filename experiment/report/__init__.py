"""Pages for people: what a session was, what a study found. Pure readers of dataset and journal."""
