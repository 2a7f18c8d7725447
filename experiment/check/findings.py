"""What a check found: a line each, green, amber or red, with advice; and the file that keeps it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Literal

State = Literal["green", "amber", "red"]
STATES: tuple[State, ...] = ("green", "amber", "red")


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, what was found, and what to do (one sentence).

    `figures` are the numbers behind it, each with its unit in its name.
    """

    subject: str
    state: State
    found: str
    advice: str = ""
    figures: dict[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """All findings on one rig."""

    rig: str
    rig_sha256: str
    began_utc: str
    findings: tuple[Finding, ...]
    versions: dict[str, str]
    system: dict[str, str]

    @property
    def state(self) -> State:
        """The worst of all."""
        return max((f.state for f in self.findings), key=STATES.index, default="green")

    def save(self, folder: Path) -> Path:
        """Write it as JSON; gives the path. Raises `OSError`."""
        folder.mkdir(parents=True, exist_ok=True)
        stamp = datetime.fromisoformat(self.began_utc).strftime("%Y%m%dT%H%M%SZ")
        path = folder / f"check_{self.rig}_{stamp}.json"
        content: dict[str, Any] = {"state": self.state, **asdict(self)}
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return path


def now_utc() -> str:
    """The wall time, for a check's name."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def spread_ms(times_s: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile of times, in milliseconds."""
    import numpy as np

    return {
        "median_ms": round(1000 * median(times_s), 3),
        "p99_ms": round(1000 * float(np.percentile(times_s, 99)), 3),
    }
