"""Several sources of responses as one, such as keyboard and mouse."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from experiment.responses.offset import Offset
from hardware.devices import DeviceInfo, Response, ResponseDevice


class MergedResponses:
    """Fulfils `ResponseDevice` with all of the given devices.

    They stamp on threads of their own, so that responses of two devices that are milliseconds
    apart may come in the wrong order. `info.details` are everyone's, each with its kind in front.
    """

    def __init__(self, *devices: ResponseDevice) -> None:
        if not devices:
            raise ValueError("there is no response device to merge")
        self.devices = devices
        infos = [device.info for device in devices]
        self.info = DeviceInfo(
            role="responses",
            kind="+".join(info.kind for info in infos),
            port="",
            emulated=all(info.emulated for info in infos),
            details={f"{i.kind}_{key}": value for i in infos for key, value in i.details.items()},
        )

    @property
    def warning(self) -> str:
        """What is wrong with any of them, '' for nothing."""
        return " ".join(filter(None, (getattr(d, "warning", "") for d in self.devices)))

    def take_offsets(self) -> list[Offset]:
        """The offsets of the devices' clocks, as measured since the last call."""
        return [o for d in self.devices for o in getattr(d, "take_offsets", list)()]

    def listen(self, callback: Callable[[Response], None]) -> None:
        """From now on call `callback` for each response of any device."""
        for device in self.devices:
            device.listen(callback)

    def close(self) -> None:
        """Close all of them. Never raises."""
        for device in self.devices:
            with contextlib.suppress(Exception):
                device.close()
