"""Serving the live page: Bokeh's server, on the loopback unless a host is given, by token only."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiment.errors import UserError

LOOPBACK = "127.0.0.1"
TOKEN_BYTES = 16
TICK_MS = 200
NICER = 5
LAST_WORDS_S = 1.0  # for the last tick, each page's update after it, and the way to the browser


def serve(
    path: Path,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    unblind: bool = False,
    announce: Callable[[str], None],
    until_stdin_closes: bool = False,
) -> None:
    """Serve until interrupted; `announce` gets the address as soon as it can be opened.

    `port` 0: one that is free. The token is the first part of every address that is served, the
    web socket's too; without it there is nothing but "not found". Raises `UserError` if Bokeh
    isn't installed or the address can't be taken.
    """
    try:
        from bokeh.server.server import Server
        from tornado.ioloop import PeriodicCallback
    except ImportError:
        raise UserError(
            "the live page needs Bokeh: run `make setup`, or install trustpain's extra `monitor`"
        ) from None
    from experiment.monitor.follow import Follower
    from experiment.monitor.live import Live
    from experiment.monitor.page import Page

    # A wrong address is nothing that the experimenter must read of.
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    logging.getLogger("bokeh.server.util").setLevel(logging.ERROR)  # nor of the "*" below
    live = Live(Follower(path), unblind=unblind)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    server = _server(Server, lambda document: _fill(Page, document, live), host, port, token)
    live.tick()
    PeriodicCallback(live.tick, TICK_MS).start()
    server.start()
    if until_stdin_closes:  # beside a run, which goes first
        if hasattr(os, "nice"):
            os.nice(NICER)
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    announce(f"http://{_shown(host)}:{server.port}/{token}/")
    try:
        server.io_loop.start()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()


def _server(kind: Any, modify: Callable[[Any], None], host: str, port: int, token: str) -> Any:
    from bokeh.application import Application
    from bokeh.application.handlers.function import FunctionHandler

    try:
        return kind(
            {"/": Application(FunctionHandler(modify))},
            address=host,
            port=port,
            prefix=f"/{token}",
            # Who knows the token may watch, by whatever name this computer has in the lab.
            allow_websocket_origin=["*"],
            keep_alive_milliseconds=10_000,
            session_token_expiration=24 * 3600,
        )
    except OSError as error:
        where = f"{host}:{port}" if port else host
        taken = error.errno == errno.EADDRINUSE
        why = "another program has it" if taken else (error.strerror or str(error)).lower()
        raise UserError(f"the live page can't be served at {where}: {why}") from None


def _fill(page: Any, document: Any, live: Any) -> None:
    page(document, live)


def _shown(host: str) -> str:
    """The host as others type it: a name, where it's every address of this computer."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _stop_at_end_of_input(server: Any) -> None:
    """The run that started this process holds its input open; when that ends, so does this."""
    while sys.stdin.buffer.read(1):
        pass
    # Not at once: pages should have got the run's last words.
    server.io_loop.add_callback(server.io_loop.call_later, LAST_WORDS_S, server.io_loop.stop)
