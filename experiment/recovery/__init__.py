"""After a crash or a stop: what earlier journals tell, and how a session goes on."""
