"""Thermode, scanner, marker and response devices: protocols, drivers and their emulators."""
