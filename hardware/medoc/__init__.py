"""Medoc Pathway / TSA-2 by "external control": its bytes, its connections, and the driver."""

from hardware.medoc.driver import MedocThermode

__all__ = ["MedocThermode"]
