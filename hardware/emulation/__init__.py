"""Emulators that answer byte for byte as the devices do, and the ports that lead to them.

They were made from public descriptions (`docs/devices.md`), never compared with the real devices.
"""

from hardware.emulation.world import EmulatedWorld

__all__ = ["EmulatedWorld"]
