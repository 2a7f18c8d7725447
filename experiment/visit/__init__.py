"""A visit, from a participant's arrival to the debrief: steps around the runs of a session."""
