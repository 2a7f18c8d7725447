"""The two clocks: one that waits, and one in which an hour passes in about a second."""

from experiment.clocks.real import RealClock
from experiment.clocks.virtual import VirtualClock

__all__ = ["RealClock", "VirtualClock"]
