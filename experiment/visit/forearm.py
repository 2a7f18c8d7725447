"""The skin sites on a forearm: their rows, and how they're drawn at the experimenter's terminal."""

from __future__ import annotations

ROW = 4


def rows_of(count: int) -> list[range]:
    """The sites in rows of four; the last row may be shorter."""
    return [range(first, min(first + ROW, count + 1)) for first in range(1, count + 1, ROW)]


def forearm(count: int, now: int | None, arm: str = "") -> str:
    """Numbered sites in rows of four, the one to use now in brackets: `[3]`.

    The first row lies on the thumb's side; site 1 is nearest the elbow. The pattern is ours: what
    matters is that a laboratory always uses the same one.
    """
    width = 8 * ROW + 2
    title = f" volar forearm{f', {arm}' if arm else ''} "
    lines = [f"elbow +{title:-^{width}}+ wrist"]
    for row in rows_of(count):
        cells = "".join(f"{f'[{site}]' if site == now else f' {site} ':^8}" for site in row)
        lines.append(f"      |{cells:^{width}}|")
    lines.append(f"      +{'-' * width}+")
    return "\n".join(lines)
