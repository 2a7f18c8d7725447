"""How all pictures look: colours and sizes in one place, and the mark over simulated data.

Colours are those of Okabe & Ito (2008, "Color Universal Design") and, for heat and failures, of Tol
(2021, "Colour schemes"), told apart with any kind of colour vision and in print; what differs in
colour differs in its sign as well. A hue means one thing: orange-red and blue are trust, purples are
heat, green and orange are questions.
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
HEAT = _TEMPERATURES[1]  # heat of whatever level; a temperature as it was delivered
# Phases of a trial by what a trial_type begins with: colour, and word in the legend.
PHASES = {
    "fixation": ("#E3E3E3", "fixation"),
    "clinician": ("#56B4E9", "clinician"),
    "anticipation": ("#F0E442", "anticipation"),
    "heat": (HEAT, "heat"),
    "rating": ("#999999", "rating"),
}
OTHER_PHASE = ("#C8C8C8", "other")
# Questions in the order in which they come first: colour, matplotlib's marker, Bokeh's.
QUESTIONS = (
    ("#009E73", "o", "circle"),
    ("#E69F00", "s", "square"),
    ("#56B4E9", "^", "triangle"),
    ("#CC79A7", "D", "diamond"),
)
INK, FAINT, GRID, GOOD, LOOK, BAD = "#111111", "#888888", "#DDDDDD", "#009E73", "#E69F00", "#CC3311"
# Runs in pictures of timing, which show no question: those hues, so that trust keeps its own.
RUNS = (*(colour for colour, _, _ in QUESTIONS), INK)
PALE_LOOK = "#F5DDA3"  # behind words
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


def run_colour(run: int) -> str:
    """The colour of a run by its index, from 1: the same on whichever page it is."""
    return RUNS[(run - 1) % len(RUNS)]


def question_look(number: int) -> tuple[str, str]:
    """Colour and matplotlib marker of the question that came `number`-th, from 0."""
    colour, mark, _ = QUESTIONS[number % len(QUESTIONS)]
    return colour, mark


def trust_look(level: str, number: int) -> tuple[str, str]:
    """Colour and matplotlib marker of a trust level; `number`-th of a study's own, if not ours."""
    if level in TRUST_COLOURS:
        return TRUST_COLOURS[level], TRUST_SIGNS[level]
    return question_look(number)


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
        "grid.color": GRID,
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
