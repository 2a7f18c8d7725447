"""pyserial's URL handler for `emulated://DEVICE?world=ID`.

pyserial finds this module by its name in the packages of `serial.protocol_handler_packages`
(`hardware.opening` adds ours). It serves both clocks: a reader thread that blocks in `read`, and
a virtual clock that subscribes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import serial
from serial.serialutil import PortNotOpenError, SerialBase, SerialException, Timeout

from hardware.emulation.world import Line, find_line


class _Subscription:
    def __init__(self, port: Serial) -> None:
        self._port = port

    def close(self) -> None:
        self._port.unsubscribe()


class Serial(SerialBase):
    """An open emulated port; what `serial.serial_for_url` gives."""

    _line: Line | None = None
    _subscriber: Callable[[bytes], None] | None = None
    _lost: Callable[[Exception], None] | None = None
    _error: Exception | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._buffer = bytearray()
        self._changed = threading.Condition()
        self._cancelled = False
        super().__init__(*args, **kwargs)

    def open(self) -> None:
        """Connect to the device. Raises `SerialException` if there is none, or it is in use."""
        if self.is_open:
            raise SerialException("the port is already open")
        parts = urlsplit(self.portstr or "")
        line = find_line(parts.netloc, parse_qs(parts.query).get("world", [""])[0])
        if not line.plugged:
            raise SerialException(2, f"could not open port {parts.netloc}: unplugged")
        if line.busy:
            raise SerialException(16, f"could not open port {parts.netloc}: busy")
        line.connect(self)
        self._line, self._error = line, None
        self.is_open = True

    def close(self) -> None:
        """Disconnect; a blocked `read` returns."""
        if self.is_open:
            self.is_open = False
            if self._line is not None:
                self._line.disconnect(self)
            self.cancel_read()

    def write(self, b: Any, /) -> int:
        """Hand bytes to the device."""
        if self._error is not None:
            raise self._error
        if not self.is_open or self._line is None:
            raise PortNotOpenError()
        data = bytes(b)
        self._line.write(data)
        return len(data)

    def read(self, size: int = 1, /) -> bytes:
        """Up to `size` bytes; waits for them as long as `timeout` says."""
        left: Any = Timeout(self.timeout)  # type: ignore[arg-type]  # None means for ever
        with self._changed:
            while len(self._buffer) < size:
                if self._error is not None:
                    raise self._error
                if not self.is_open:
                    raise PortNotOpenError()
                if self._cancelled or left.expired():
                    break
                self._changed.wait(left.time_left())
            self._cancelled = False
            data = bytes(self._buffer[:size])
            del self._buffer[:size]
        return data

    @property
    def in_waiting(self) -> int:
        """Bytes that a `read` would give at once."""
        return len(self._buffer)

    def cancel_read(self) -> None:
        """Let a blocked `read` return."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def flush(self) -> None:
        """Nothing waits to be written."""

    def reset_input_buffer(self) -> None:
        """Forget what has arrived."""
        with self._changed:
            self._buffer.clear()

    def reset_output_buffer(self) -> None:
        """Nothing waits to be written."""

    # --- the device's end, and the virtual clock's ----------------------------------------

    def arrived(self, data: bytes) -> None:
        """Bytes from the device, on its clock's callback."""
        if self._subscriber is not None:
            self._subscriber(data)
            return
        with self._changed:
            self._buffer += data
            self._changed.notify_all()

    def fail(self, error: Exception) -> None:
        """The cable was pulled."""
        with self._changed:
            self._error = error
            self._changed.notify_all()
        lost, self._lost, self._subscriber = self._lost, None, None
        if lost is not None:
            lost(error)

    def subscribe(
        self, callback: Callable[[bytes], None], lost: Callable[[Exception], None]
    ) -> _Subscription:
        """Hand over what arrives by `callback(data)` from now on, instead of by `read`."""
        self._subscriber, self._lost = callback, lost
        return _Subscription(self)

    def unsubscribe(self) -> None:
        """Undo `subscribe`."""
        self._subscriber = self._lost = None

    def _reconfigure_port(self, *_: object, **__: object) -> None:
        """An emulated line works at any speed."""

    _update_rts_state = _update_dtr_state = _update_break_state = _reconfigure_port


def register() -> None:
    """Make pyserial find this handler (more than once does no harm)."""
    package = __name__.rpartition(".")[0]
    if package not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(package)
