"""Finding true dates in texts, and shifting them.

A true date is a day on which a session of the dataset was played, or a day next to one (a time in
UTC and the clock on the wall may differ by a day), in any of the spellings below, or as seconds
since 1970. In a `personal` text, which people or pipelines wrote of a participant, whatever has the
form of an ISO date and lies after 1924 is one as well, and so is a true date without its year
("26.11."); elsewhere these may be a device's firmware or a program's version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

# BIDS (modality agnostic files, scans file) wants shifted dates in 1925 or earlier, so that nobody
# takes them for true ones; before it, so that no reading of "or earlier" is failed.
LIMIT = date(1925, 1, 1)

_SPELLINGS = (
    "{y:04}-{m:02}-{d:02}",
    "{y:04}{m:02}{d:02}",
    "{y:04}/{m:02}/{d:02}",
    "{d:02}.{m:02}.{y:04}",
    "{d}.{m}.{y:04}",
    "{d:02}.{m:02}.{yy:02}",  # but not with one digit, as versions of programs have
    "{d:02}/{m:02}/{y:04}",
    "{m:02}/{d:02}/{y:04}",
    "{d}/{m}/{y:04}",
    "{m}/{d}/{y:04}",
    "{d:02}-{m:02}-{y:04}",
    "{d:02}{m:02}{y:04}",
)
_NO_YEAR = ("{d:02}.{m:02}.", "{d}.{m}.")  # in what people write; elsewhere it's a version
_CANDIDATE = re.compile(
    r"(?<!\d)(?<!\d[.])(?:"
    r"(?P<iso>\d{4}-\d\d-\d\d)"
    r"|\d{4}/\d\d/\d\d|\d{1,2}(?P<sign>[./-])\d{1,2}(?P=sign)\d{4}|\d{8}"
    r"|(?P<short>\d\d[.]\d\d[.]\d\d|\d{1,2}[.]\d{1,2}[.])"
    r"|(?<![A-Fa-f])(?P<epoch>\d{10}(?:\d{3}|\d{6}|\d{9})?)(?![A-Fa-f])"
    r")(?!\d)"
)
# A seed is a number of ten digits, too, and must stay what it is.
_SEED = re.compile(r'"seed":\s*$', re.IGNORECASE)
DAY_S = 86400


class TrueDates:
    """The dates that a copy mustn't tell. `days` are those of the dataset's sessions."""

    def __init__(self, days: Iterable[date]) -> None:
        around = {day + timedelta(days=by) for day in days for by in (-1, 0, 1)}
        self._ordinals = {day.toordinal() for day in around}
        self._spelled: dict[str, tuple[str, date]] = {}
        for day in sorted(around):
            for spelling in (*_SPELLINGS, *_NO_YEAR):
                self._spelled.setdefault(_spell(spelling, day), (spelling, day))

    def found(self, text: str, *, personal: bool, shifted: bool = False) -> str | None:
        """The first true date in a text, as it's spelled there.

        `shifted`: the text has been shifted already. Without its century a shifted date can't be
        told from a true one.
        """
        for match in _CANDIDATE.finditer(text):
            if shifted and match["short"]:
                continue
            if self._replaced(match, 0, personal) is not None:
                return match[0]
        return None

    def shifted(self, text: str, days: int, *, personal: bool) -> str:
        """The text with each true date moved by so many days, spelled as it was."""

        def replaced(match: re.Match[str]) -> str:
            found = self._replaced(match, days, personal)
            return match[0] if found is None else found

        return _CANDIDATE.sub(replaced, text)

    def shifted_number(self, number: float, days: int) -> float:
        """A number that counts seconds from or to 1970 on a true date, moved; any other as it is."""
        if self._is_true(abs(number)):
            return number + (days if number > 0 else -days) * DAY_S
        return number

    def _replaced(self, match: re.Match[str], days: int, personal: bool) -> str | None:
        """What stands for a candidate after a shift; None if it's no true date."""
        text = match[0]
        if _SEED.search(match.string[max(0, match.start() - 16) : match.start()]):
            return None
        if text in self._spelled:
            spelling, day = self._spelled[text]
            if spelling in _NO_YEAR and not personal:
                return None
            return _spell(spelling, day + timedelta(days=days))
        if match["iso"] and personal:
            try:
                day = date.fromisoformat(text)
            except ValueError:
                return None
            return str(day + timedelta(days=days)) if day >= LIMIT else None
        if match["epoch"]:
            unit = 10 ** (len(text) - 10)
            if self._is_true(int(text) / unit):
                return str(int(text) + days * DAY_S * unit)
        return None

    def _is_true(self, seconds: float) -> bool:
        return int(seconds // DAY_S) + date(1970, 1, 1).toordinal() in self._ordinals


def days_between(first: datetime, last: datetime) -> list[date]:
    """Each day, in UTC, from one time to another."""
    begin, end = first.astimezone(UTC).date(), last.astimezone(UTC).date()
    return [begin + timedelta(days=number) for number in range(max(0, (end - begin).days) + 1)]


def _spell(spelling: str, day: date) -> str:
    return spelling.format(y=day.year, yy=day.year % 100, m=day.month, d=day.day)
