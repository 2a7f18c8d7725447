"""QST.Lab TCS II: its commands, its replies, and the driver made of both."""

from hardware.tcs.driver import TcsThermode

__all__ = ["TcsThermode"]
