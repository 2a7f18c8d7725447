"""Files that humans write: read in one place, and every slip told in one sentence."""
