"""The live page: a reader of the journal as it grows, in a process of its own."""
