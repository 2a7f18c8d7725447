"""The picture in letters: each mark where its rating is."""

from __future__ import annotations

from dataclasses import replace

from experiment.calibration.estimate import Estimate, Rated, SiteEstimate, TargetEstimate
from experiment.calibration.in_letters import WIDE, in_letters

RATED = [Rated(1, 45.0, 20.0), Rated(2, 46.0, 40.0), Rated(1, 47.0, 81.0), Rated(2, 47.0, None)]
FOUND = Estimate(
    targets=(TargetEstimate(40.0, 46.0, 45.5, 46.5), TargetEstimate(65.0, 46.7, 46.0, 47.0)),
    residuals=(SiteEstimate(1, 3.0, 0.0, 0.1), SiteEstimate(2, 9.0, 0.0, 0.1)),
    sites=(1,),
    spare_sites=(2,),
    slope=20.0,
    noise=5.0,
    curve=((45.0, 10.0), (47.0, 90.0)),
)


def row(lines: list[str], rating: int) -> str:
    return next(line for line in lines if line.startswith(f"{rating:>5} |")).partition("|")[2]


def test_marks_stand_where_the_ratings_are() -> None:
    lines = in_letters(FOUND, RATED)
    assert row(lines, 20)[0] == "o"
    assert row(lines, 80)[WIDE] == "o"
    assert row(lines, 40)[WIDE // 2] == "#"  # the target stands before the rating below it
    assert row(lines, 40)[WIDE // 4 + 1 : WIDE // 2].strip("-") == ""
    assert row(lines, 10)[0] == "."
    assert lines[-2].split() == ["45", "C", "47", "C"]
    assert max(map(len, lines)) <= 100


def test_without_an_estimate_there_are_the_ratings_alone() -> None:
    lines = in_letters(None, RATED)
    assert row(lines, 40)[WIDE // 2] == "x"
    assert "#" not in "".join(lines[:-1])
    assert in_letters(None, [Rated(1, 45.0, None)]) == []


def test_what_lies_outside_is_left_out_not_wrapped() -> None:
    far = replace(FOUND, targets=(TargetEstimate(65.0, 60.0, 20.0, 60.0),), curve=((10.0, 0.0),))
    assert row(in_letters(far, RATED), 65)
    assert all(len(line) <= 100 for line in in_letters(far, RATED))
