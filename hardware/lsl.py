"""Lab Streaming Layer: markers and temperatures out, volume pulses in (extra `lsl`).

pylsl is imported only where a rig names it. Its clock is another one than the session's; the
offset is measured anew for each marker and each pulse, so that drift doesn't add up.
"""

from __future__ import annotations

import threading
from typing import Any

from hardware.clock import Clock
from hardware.devices import DeviceError, DeviceInfo, MarkerStamp, TemperatureSample
from hardware.markers import check_code
from hardware.scanner import Pulses
from hardware.sections.markers import LslMarkersSection
from hardware.sections.scanner import LslScannerSection

FIND_S = 5.0  # how long the stream that carries the pulses is looked for
LOOK_S = 0.2  # how often a thread that waits for pulses looks whether it should end


def _pylsl(role: str) -> Any:
    try:
        import pylsl
    except Exception as error:  # it raises RuntimeError where its library is missing
        raise DeviceError(
            f"The {role} needs Lab Streaming Layer, but pylsl can't be used ({error}): install the "
            f"extra 'lsl'."
        ) from error
    return pylsl


class LslMarkers:
    """An outlet that anybody may record; each marker has the time at which `send` was called.

    Raises `ValueError` for a code outside 1-255, as for boxes: the same study must run on both.
    """

    def __init__(self, clock: Clock, section: LslMarkersSection) -> None:
        self._clock, self._lsl = clock, _pylsl("marker outlet")
        lsl, name = self._lsl, section.stream
        self._outlet = lsl.StreamOutlet(lsl.StreamInfo(name, "Markers", 1, 0.0, "int32", name))
        self._temperature: Any = None
        if section.temperature:
            name += "-temperature"
            info = lsl.StreamInfo(name, "Temperature", 1, 0.0, "float32", name)
            self._temperature = lsl.StreamOutlet(info)
        self.info = DeviceInfo(
            role="markers",
            kind="lsl",
            port=section.stream,
            emulated=False,
            details={
                "library": str(lsl.library_version()),
                "temperature": str(section.temperature).lower(),
            },
        )

    def about_to_send(self) -> None:
        """An outlet has nothing to do beforehand."""

    def send(self, code: int) -> MarkerStamp | None:
        """Push a code; times around it, on the session clock. None: the outlet is closed."""
        check_code(code)
        if self._outlet is None:
            return None
        before = self._clock.now()
        self._outlet.push_sample([code], self._lsl.local_clock())
        return MarkerStamp(code, before, self._clock.now())

    def sample(self, sample: TemperatureSample) -> None:
        """Push the hottest zone's temperature (C), if the rig asks for that stream."""
        if self._temperature is not None:
            age = self._clock.now() - sample.time
            self._temperature.push_sample([max(sample.zones)], self._lsl.local_clock() - age)

    def failure(self) -> str:
        """An outlet doesn't know whether anybody listens."""
        return ""

    def close(self) -> None:
        """Withdraw the streams."""
        self._outlet = self._temperature = None


class LslScanner(Pulses):
    """Volume pulses that another program puts into a stream, as text or as a number.

    Only samples that equal `section.pulse` count; how many others came is in `others`, by text. Raises `DeviceError` if
    the stream isn't found within 5 s.
    """

    def __init__(self, clock: Clock, section: LslScannerSection) -> None:
        super().__init__()
        self._clock, self._lsl = clock, _pylsl("scanner")
        lsl, name = self._lsl, section.stream
        found = lsl.resolve_byprop("name", name, 1, FIND_S)
        if not found:
            raise DeviceError(
                f"The scanner's stream {name} isn't on the network: is the program running that "
                f"sends it?"
            )
        self._pulse_text = section.pulse
        self._failure = ""
        self.others: dict[str, int] = {}
        self._inlet = lsl.StreamInlet(found[0], max_buflen=60, recover=False)
        self._inlet.open_stream(FIND_S)
        self._inlet.time_correction(FIND_S)  # the first one waits; later ones are at hand
        self.info = DeviceInfo(
            role="scanner",
            kind="lsl",
            port=name,
            emulated=False,
            details={"pulse": repr(section.pulse), "library": str(lsl.library_version())},
        )
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lsl pulses", daemon=True)
        self._thread.start()

    def failure(self) -> str:
        """A sentence if the stream has ended, else ''."""
        return self._failure

    def close(self) -> None:
        """Stop, and let the stream go."""
        self.stop()
        self._closing.set()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        lsl, clock = self._lsl, self._clock
        while not self._closing.is_set():
            try:
                values, stamp = self._inlet.pull_sample(LOOK_S)
                if not values:
                    continue
                offset = clock.now() - lsl.local_clock() + self._inlet.time_correction(LOOK_S)
                self._take(str(values[0]), min(stamp + offset, clock.now()))
            except Exception as error:
                self._failure = f"The scanner's stream {self.info.port} was lost ({error})."
                return

    def _take(self, text: str, time: float) -> None:
        if text == self._pulse_text:
            # On the clock's callbacks, where an exception of a listener is told.
            self._clock.call_at(time, lambda: self._pulse(time))
        else:
            self.others[text] = self.others.get(text, 0) + 1
