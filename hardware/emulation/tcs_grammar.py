"""Which bytes are a TCS II command: a strict reader of a stream without line endings."""

from __future__ import annotations

from collections.abc import Iterator

PATIENCE_S = 0.5  # ours: a command that isn't finished by then is dropped
MOST_PARTIAL = 16

_PLAIN = (b"H", b"?", b"L", b"A", b"F", b"E", b"K", b"Q", b"B", b"P")
_OPTIONS = (b"Oa", b"Ob", b"Od", b"Oc", b"Oe", b"Ose", b"Osd", b"Ur")
# Digits that follow, and the range of each number in them: (digits, lowest, highest).
_NUMBERED = {
    b"N": ((3, 200, 450),),  # two sources say 400
    b"S": ((1, 0, 1),) * 5,
    b"C": ((1, 0, 5), (3, 0, 600)),
    b"V": ((1, 0, 5), (4, 1, 9999)),
    b"R": ((1, 0, 5), (4, 1, 9999)),
    b"D": ((1, 0, 5), (5, 1, 99999)),
    b"T": ((3, 1, 255), (3, 10, 999)),
    b"Om": ((3, 0, 600),),
    b"Of": ((1, 1, 3),),
    b"Ue": ((1, 0, 1),) * 5,
    b"Uw": (*((1, 0, 1),) * 5, (3, 0, 999)),  # and as many segments as that number says
    b"Z": ((3, 0, 999), (3, 0, 999)),
}
_SEGMENT = ((3, 1, 999), (3, 0, 600))
_WORDS = frozenset([*_PLAIN, *_OPTIONS, *_NUMBERED])
_BEGINNINGS = frozenset(word[:length] for word in _WORDS for length in range(1, len(word)))


class Grammar:
    """Cuts a stream into commands, understood or not; keeps at most a partial command."""

    def __init__(self) -> None:
        self.partial = b""
        self._last = 0.0

    def feed(self, data: bytes, now: float) -> Iterator[tuple[bytes, bool]]:
        """Yield (bytes, whether they are a command) for what these bytes complete."""
        if self.partial and now - self._last > PATIENCE_S:
            yield self.partial, False
            self.partial = b""
        self._last = now
        for byte in data:
            yield from self._take(bytes((byte,)))

    def _take(self, byte: bytes) -> Iterator[tuple[bytes, bool]]:
        partial = self.partial + byte
        word = _numbered_word(partial)
        if word is not None:
            digits = partial[len(word) :]
            if digits and not digits.isdigit():
                yield from self._restart(byte)
            elif len(digits) < sum(width for width, _, _ in _figures(word, digits)):
                self.partial = partial
            else:
                self.partial = b""
                yield partial, _in_range(word, digits)
        elif partial in _WORDS:
            self.partial = b""
            yield partial, True
        elif partial in _BEGINNINGS:
            self.partial = partial
        elif self.partial:
            yield from self._restart(byte)
        else:
            yield byte, False

    def _restart(self, byte: bytes) -> Iterator[tuple[bytes, bool]]:
        """What was there is no command; the byte that shows it may begin one, such as an abort."""
        broken, self.partial = self.partial, b""
        yield broken, False
        yield from self._take(byte)


def _numbered_word(partial: bytes) -> bytes | None:
    word = partial[:2] if partial[:1] in (b"O", b"U") else partial[:1]
    return word if word in _NUMBERED else None


def _figures(word: bytes, digits: bytes) -> tuple[tuple[int, int, int], ...]:
    """The figures that belong to a word, as far as that is known."""
    fixed = _NUMBERED[word]
    if word == b"Uw" and len(digits) >= 8:
        return fixed + _SEGMENT * int(digits[5:8])
    return fixed


def _in_range(word: bytes, digits: bytes) -> bool:
    start = 0
    for width, low, high in _figures(word, digits):
        if not low <= int(digits[start : start + width]) <= high:
            return False
        start += width
    return True
