"""The state of the session that is followed, shared by all who watch."""

from __future__ import annotations

import time

from experiment.blinding import record_unblinding
from experiment.journal.events import SessionStart
from experiment.monitor.follow import Follower, News
from experiment.monitor.state import State
from experiment.monitor.view import View, view_of
from experiment.summary.summary import session_label


class Live:
    """Reads on at each `tick` and keeps the state; `unblind`: trust levels may be shown."""

    def __init__(self, follower: Follower, *, unblind: bool = False) -> None:
        self._follower, self._unblind = follower, unblind
        self._recorded: set[str] = set()
        self._grew = time.monotonic()
        self._problem = ""
        self.state = State()

    def tick(self) -> None:
        """Take in what the journal has got since the last one."""
        news = self._follower.look()
        if news.fresh:
            self.state, self._problem = State(), ""
        self._problem = news.problem or self._problem
        if news.events:
            self._grew = time.monotonic() - (_age(news) if news.fresh else 0.0)
        for event in news.events:
            show = isinstance(event, SessionStart) and self._may_show(event, news)
            self.state.add(event, show=show)

    def view(self) -> View:
        """What stands on the page at this moment."""
        since = max(0.0, time.monotonic() - self._grew)
        return view_of(self.state, self.state.last_t + since, since, self._problem)

    def _may_show(self, head: SessionStart, news: News) -> bool:
        """Whether the session is shown unblinded: not before a line in the list says so."""
        if not self._unblind or head.kind == "simulated" or news.journal is None:
            return False
        from experiment.report.session import pages_of

        label = session_label(head)
        if label not in self._recorded:
            try:
                record_unblinding(pages_of(news.journal), label, "live page")
            except OSError as error:
                self._problem = f"blinded, since the list of unblindings can't be written: {error}"
                return False
            self._recorded.add(label)
        return True


def _age(news: News) -> float:
    """How long ago (s) a journal that is met for the first time was written to."""
    try:
        return 0.0 if news.journal is None else time.time() - news.journal.stat().st_mtime
    except OSError:
        return 0.0
