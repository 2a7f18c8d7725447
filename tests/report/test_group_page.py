"""How the group report looks: its pictures are whole, and its tables fit the page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import pytest
from matplotlib.figure import Figure
from playwright.sync_api import Browser
from scipy import stats

from experiment.report import plots, style
from experiment.report.group import analyse, write_group_report
from experiment.report.group_page import group_html
from experiment.report.group_tables import condition_means, conditions_table, level_words
from experiment.report.model import CLINICIAN, CLINICIAN_TRUST, trust_effect
from tests.report.studies import cells_of, write_face_ratings


@pytest.fixture
def figures(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Figure]]:
    """The figures of a written report, as they were saved; measured in the style they have."""
    drawn: list[Figure] = []
    save = Figure.savefig

    def watch(figure: Figure, *args: Any, **kwargs: Any) -> None:
        save(figure, *args, **kwargs)
        drawn.append(figure)

    monkeypatch.setattr(Figure, "savefig", watch)
    write_group_report(dataset)
    with style.figure_style():
        yield drawn


def test_every_picture_shows_all_its_texts(figures: list[Figure]) -> None:
    assert len(figures) == 6
    for figure in figures:
        title = figure.get_suptitle() or figure.axes[0].get_title()
        width, height = figure.get_size_inches()
        whole = figure.get_tightbbox()  # of all that's drawn, but for the mark across it
        assert 0 <= whole.x0 < whole.x1 <= width, title
        assert 0 <= whole.y0 < whole.y1 <= height, title
        for one, other in combinations([axis.get_tightbbox() for axis in figure.axes], 2):
            assert one is not None
            assert other is not None
            assert not one.overlaps(other), title


@pytest.mark.parametrize(("media", "width"), [("screen", 1000), ("print", 718), ("print", 672)])
def test_no_table_juts_out_of_the_page(
    browser: Browser, dataset: Path, media: Literal["screen", "print"], width: int
) -> None:
    """672 px is an A4 page within the margins of 16 mm that the page asks for."""
    write_face_ratings(dataset)
    written = write_group_report(dataset)
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.emulate_media(media=media)
    page.goto(written.as_uri())
    ends = page.evaluate(
        "[document.querySelector('h1'), ...document.querySelectorAll('table')]"
        ".map(part => part.getBoundingClientRect().right)"
    )
    page.close()
    text, *tables = ends
    assert len(tables) == 5
    assert max(tables) <= text, tables


def test_conditions_have_degrees_and_intervals_within_participants(dataset: Path) -> None:
    results = analyse(dataset)
    found = conditions_table(results, "intensity")
    assert list(found["trust"]) == ["low", "low", "high", "high"]
    assert list(found["temperature"]) == [46.5, 47.5, 46.5, 47.5]
    means = condition_means(results, "intensity")
    wide = means.pivot(index="participant", columns=["trust", "level"], values="mean")
    # Of two conditions the interval is that of the paired difference by the square root of two.
    pair = replace(results, cells={"intensity": results.cells["intensity"].query("level == 0")})
    differences = wide[("low", 0)] - wide[("high", 0)]
    half = stats.t.ppf(0.975, 5) * differences.std() / math.sqrt(6) / math.sqrt(2)
    shown = conditions_table(pair, "intensity")
    assert list(shown["high"] - shown["mean"]) == pytest.approx([half, half])
    assert list(shown["interval_n"]) == [6, 6]
    # Who rates everything higher changes the means, but no interval.
    cells = results.cells["intensity"]
    higher = cells["mean"] + 20 * (cells["participant"] == "sub-sim01")
    moved = conditions_table(
        replace(results, cells={"intensity": cells.assign(mean=higher)}), "intensity"
    )
    assert list(moved["high"] - moved["low"]) == pytest.approx(list(found["high"] - found["low"]))


def test_calibrated_temperatures_are_told_by_mean_and_range(dataset: Path) -> None:
    results = analyse(dataset)
    assert level_words(results) == {"lower": "46.5 °C", "higher": "47.5 °C"}
    trials = results.trials
    own = trials["temperature"] + 0.6 * (trials["participant"] == "sub-sim01")
    calibrated = replace(results, trials=trials.assign(temperature=own))
    assert level_words(calibrated) == {
        "lower": "mean 46.60, 46.5 to 47.1 °C",
        "higher": "mean 47.60, 47.5 to 48.1 °C",
    }
    page = group_html(calibrated)
    assert "lower (mean 46.60, 46.5 to 47.1 °C)" in page
    assert "in points of 0 to 100" in page
    assert "Cousineau-Morey" in page


def test_a_variance_of_zero_is_named_and_its_slopes_are_not_drawn(dataset: Path) -> None:
    results = analyse(dataset)
    cells = cells_of(12, clinician_slope_sd=0.0, clinician_sd=8.0, seed=3)
    effect = trust_effect(cells, ("low", "high"))
    assert CLINICIAN_TRUST in effect.fit.at_zero
    assert CLINICIAN not in effect.fit.at_zero
    assert not effect.fit.effects[CLINICIAN_TRUST].any()
    last = plots.assumptions(effect, "intensity").axes[-1]
    assert not last.lines
    assert "estimated as 0" in last.texts[0].get_text()
    page = group_html(replace(results, effects={"intensity": effect}))
    assert f"intensity: estimated as 0 is the variance of {', '.join(effect.fit.at_zero)}." in page
    some = trust_effect(cells_of(12, clinician_slope_sd=12.0, seed=3), ("low", "high"))
    assert CLINICIAN_TRUST not in some.fit.at_zero
    assert plots.assumptions(some, "intensity").axes[-1].lines
