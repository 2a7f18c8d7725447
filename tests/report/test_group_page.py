"""How the group report looks: its pictures are whole, and its tables fit the page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import pytest
from matplotlib.figure import Figure
from playwright.sync_api import Browser

from experiment.report import style
from experiment.report.group import write_group_report
from tests.report.studies import write_face_ratings


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
