"""`trustpain check`: whether a room is fit for a session, before the participant comes."""
