"""Rehearsed faults: what a scenario states happens to the devices, the person and the computer."""

from experiment.faults.rehearsal import Rehearsal

__all__ = ["Rehearsal"]
