"""How all pictures look: colours and sizes in one place, and the mark over simulated data.

Colours are those of Okabe & Ito (2008, "Color Universal Design"), told apart with any kind of
colour vision and in print; what differs in colour differs in its sign as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from experiment.journal.events import Kind

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRUST_COLOURS = {"low": "#D55E00", "neutral": "#777777", "high": "#0072B2"}
TRUST_SIGNS = {"low": "v", "neutral": "s", "high": "^"}  # matplotlib markers
TRUST_WORDS = {"low": "low trust", "neutral": "neutral", "high": "high trust"}
# By level of temperature, lowest first: one hue, so that trust keeps the others.
_TEMPERATURES = ("#CC79A7", "#882255", "#440E2B", "#AA4499", "#661144", "#220011")
TEMPERATURE_LINES = ("--", "-", "-.", ":", (0, (5, 1)), (0, (1, 1)))
INK, FAINT, GOOD, LOOK, BAD = "#111111", "#888888", "#009E73", "#E69F00", "#CC3311"
VERDICT_COLOURS = {"good": GOOD, "look": LOOK, "not_good": BAD, "unknown": FAINT}

WIDTH_IN = 7.0  # the text's width on an A4 or letter page
DPI = 150

MARKS: dict[Kind, str] = {
    "participant": "",
    "pilot": "PILOT, NOT STUDY DATA",
    "simulated": "SIMULATED, NOT DATA OF PEOPLE",
}


def temperature_colour(level: int, levels: int) -> str:
    """The colour of a temperature level, counted from 0 upwards."""
    if not 0 <= level < levels:
        raise ValueError(f"there is no level {level} of {levels}")
    return _TEMPERATURES[level % len(_TEMPERATURES)]


@contextmanager
def figure_style() -> Iterator[None]:
    """Matplotlib's settings for all pictures, for the length of the block; no window is opened."""
    import matplotlib as mpl

    settings: Any = {
        "font.family": "DejaVu Sans",  # comes with matplotlib, so that it's the same everywhere
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.labelcolor": INK,
        "axes.edgecolor": FAINT,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "xtick.color": INK,
        "ytick.color": INK,
        "grid.color": "#dddddd",
        "legend.frameon": False,
        "figure.facecolor": "white",
        "figure.dpi": DPI,
        "savefig.dpi": DPI,
    }
    with mpl.rc_context(settings):
        yield


def new_figure(height_in: float, *, width_in: float = WIDTH_IN) -> Figure:
    """An empty figure that belongs to no window and is forgotten with its last reference."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def mark_origin(figure: Figure, kinds: Sequence[Kind]) -> None:
    """Write across a picture that its data aren't a person's, or not study data.

    `kinds`: of all data in the picture; the least real one is named.
    """
    for kind in ("simulated", "pilot"):
        if kind in kinds:
            width, height = figure.get_size_inches()
            figure.text(
                0.5,
                0.5,
                MARKS[kind],
                fontsize=min(26.0, 4.2 * float(width)),
                color=BAD,
                alpha=0.16,
                weight="bold",
                ha="center",
                va="center",
                rotation=min(20.0, 40.0 * (height / width - 0.25)) if height > 0.25 * width else 0,
                zorder=100,
                in_layout=False,
            )
            return
