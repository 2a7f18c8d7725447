"""Cedrus c-pod and StimTracker, by the maker's `pyxid2` (extra `cedrus`).

Never tried: neither a box nor the package was at hand. It follows the maker's two calls,
`set_pulse_duration` (ms) and `activate_line(bitmask=...)`; the box clears its lines itself.
"""

from __future__ import annotations

from typing import Any

from hardware.clock import Clock
from hardware.devices import DeviceError, DeviceInfo, MarkerStamp
from hardware.markers import check_code
from hardware.sections.markers import CedrusMarkersSection


class CedrusMarkers:
    """The first Cedrus box that `pyxid2` finds. Raises `DeviceError` if there is none.

    Raises `ValueError` for a code outside 1-255.
    """

    def __init__(self, clock: Clock, section: CedrusMarkersSection) -> None:
        self._clock = clock
        self._failure = ""
        self._box: Any = _first_box()
        try:
            self._box.set_pulse_duration(round(section.pulse_width_s * 1000))
        except Exception as error:
            raise DeviceError(f"The Cedrus box can't be set up ({error}).") from error
        self.info = DeviceInfo(
            role="markers",
            kind="cedrus",
            port="",
            emulated=False,
            details={
                "name": str(getattr(self._box, "device_name", "")),
                "pulse_width_s": f"{section.pulse_width_s:g}",
            },
        )

    def about_to_send(self) -> None:
        """The box ends its pulses itself."""

    def send(self, code: int) -> MarkerStamp | None:
        """Set the lines; times around it, on the session clock. None: the box has failed."""
        check_code(code)
        before = self._clock.now()
        if self._failure:
            return None
        try:
            self._box.activate_line(bitmask=code)
        except Exception as error:  # the package raises what its USB driver raises
            self._failure = f"The Cedrus box was lost ({error})."
            return None
        return MarkerStamp(code, before, self._clock.now())

    def failure(self) -> str:
        """A sentence if the box has failed, else ''."""
        return self._failure

    def close(self) -> None:
        """The box clears its lines itself; the package keeps it open until the program's end."""


def _first_box() -> Any:
    try:
        import pyxid2

        found = pyxid2.get_xid_devices()
    except Exception as error:
        raise DeviceError(
            f"The Cedrus box needs pyxid2, which can't be used ({error}): install the extra 'cedrus'."
        ) from error
    if not found:
        raise DeviceError("No Cedrus box was found: is it plugged in, and is its driver installed?")
    return found[0]
