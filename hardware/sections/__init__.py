"""The sections of a rig file, one file for each kind of device."""
