"""The page of benchmarks: one table whose rows carry their numbers, made from the kept figures."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import pytest

from benchmarks.dropped_frames import COMPARED, PEERS, order, row
from benchmarks.measure import Row
from benchmarks.monitor_cost import result
from benchmarks.page import machine, text

ROWS = [
    Row(2, "Markers", "0.1 ms", "0.2 ms", 0.5, "at most 1.2", True, notes=("A note.",)),
    Row(1, "Pulses | stamps", "0.3 ms", "8 ms", 0.0375, "at most 1/5", True),
    Row(6, "Dry runs", "60 a minute", "0.02 a minute", None, "stated", None),
]


def kept() -> dict[str, Any]:
    rows = {
        str(r.number): {**asdict(r), "measured": "2026-11-24 00:00 UTC", "load": 1.5} for r in ROWS
    }
    return {"machine": machine(), "rows": rows}


def test_one_table_with_the_rows_in_order_and_their_numbers_first() -> None:
    lines = [line for line in text(kept()).splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[0] for row in cells[2:]] == ["1", "2", "6"]
    assert {len(row) for row in cells} == {7}
    assert cells[2][4] == "0.0375"
    assert cells[4][4:] == ["–", "stated", "–"]


def test_it_says_what_a_virtual_screen_cannot_say_and_how_to_repeat_it() -> None:
    page = text(kept())
    assert "Xvfb" in page
    assert "nothing here says anything" in " ".join(page.split())
    assert "timing.md" in page
    assert "- Row 2: A note." in page


def test_the_live_pages_cost_is_told_with_its_interval_and_is_no_row() -> None:
    shares = {"flagship": (10, 20, 30), "monitored": (12, 21, 33)}
    blocks = [
        {"kind": kind, "dropped": dropped, "frames": 1000}
        for number in range(3)
        for kind, dropped in ((kind, values[number]) for kind, values in shares.items())
    ]
    found = result(blocks)
    assert found["more_with_page"] == pytest.approx(0.002)
    # By hand: mean 2, SD 1 of three; t(2) = 4.303; half = 4.303 / sqrt(3).
    assert found["interval_95"] == pytest.approx([-0.000484, 0.004484], abs=1e-6)
    assert result(blocks[:2])["interval_95"] is None
    kept_of_it = {
        **{"result": found, "block_s": 200.0, "watcher": "client"},
        **{"measured": "2026-11-24", "made_by": "python -m benchmarks.monitor_cost"},
    }
    page = text(kept(), kept_of_it)
    assert "+0.20 points, 95 % interval -0.05 to +0.45" in page
    assert "No more dropped frames with it than without: can't be told: more were seen" in page
    assert page.count("| --- |") == text(kept()).count("| --- |")
    short = text(kept(), kept_of_it | {"block_s": 30.0})
    assert "not judged" in short


def test_no_drop_at_all_is_told_by_what_it_rules_out() -> None:
    blocks = [{"kind": kind, "dropped": 0, "frames": 9000} for kind in ("flagship", "monitored")]
    found = result(blocks * 2)
    assert found["interval_95"] is None
    # The rule of three: 3 / 18,000.
    assert found["at_most"] == pytest.approx(1.66e-4, abs=1e-6)
    told = {"measured": "2026-11-26", "made_by": "it"}
    page = text(kept(), {"result": found, "block_s": 300.0, "watcher": "client", **told})
    assert "none was seen, nor without it, of at least 18000 each" in page
    assert "more than 0.017 %" in page
    assert "without: yes" in page
    found = result([*blocks, blocks[0], {**blocks[1], "dropped": 1}])
    assert found["at_most"] is None
    assert found["interval_95"] is not None
    alike = result([{**block, "dropped": 1} for block in blocks * 2])
    assert alike["interval_95"] is None  # pairs that differ by the same say nothing of chance
    assert alike["at_most"] is None


@pytest.mark.parametrize(
    ("without", "with_page", "judged"),
    [
        ((0, 0, 0, 0), (5, 0, 0, 600), "can't be told"),
        ((1, 2, 1, 2), (9, 8, 9, 8), "no\n"),
        ((9, 8, 9, 8), (1, 2, 1, 2), "yes"),
        ((1, 1, 1, 1), (1, 1, 1, 1), "yes"),
    ],
)
def test_more_drops_with_the_page_are_never_called_no_more(
    without: tuple[int, ...], with_page: tuple[int, ...], judged: str
) -> None:
    blocks = [
        {"kind": kind, "dropped": dropped, "frames": 9000}
        for pair in zip(without, with_page, strict=True)
        for kind, dropped in zip(("flagship", "monitored"), pair, strict=True)
    ]
    told = {"measured": "2026-11-26", "made_by": "it", "block_s": 150.0, "watcher": "client"}
    page = text(kept(), {"result": result(blocks), **told})
    assert f"No more dropped frames with it than without: {judged}" in page


def test_only_the_loops_that_are_judged_run_all_the_time_and_in_turns() -> None:
    kinds = order(4)
    assert [kinds.count(kind) for kind in (*COMPARED, *PEERS)] == [4, 4, 1, 1]
    assert kinds[:4] == ["flagship", "empty", "empty", "flagship"]
    assert kinds[4:6] == list(PEERS)  # amid the others
    with_page = order(2, monitored=True)
    assert with_page.count("monitored") == with_page.count("flagship") == 2
    assert sorted(order(1)) == sorted((*COMPARED, *PEERS))


def test_row_4_says_how_long_each_loop_ran_and_judges_only_the_whole_time() -> None:
    def block(dropped: int, cpu: float) -> dict[str, Any]:
        return {
            "frames": 1000,
            "dropped": [0.03] * dropped,
            "cpu_share": dict.fromkeys(("static", "drawing", "whole"), cpu),
        }

    found = {
        "flagship": [block(2, 0.05)] * 4,
        "empty": [block(4, 0.08)] * 4,
        "builder": [block(9, 0.1)],
        "iohub": [block(9, 0.1)],
    }
    whole = row(found, 150.0)
    assert whole.ratio == pytest.approx(0.5)
    assert whole.reached is True
    assert "Builder's loop, 2.5 min: 9 of 1000" in whole.other
    assert "empty loop, 10 min: 16 of 4000" in whole.other
    assert row(found, 60.0).reached is None
    assert row(found | {"flagship": [block(5, 0.05)] * 4}, 150.0).reached is False
    assert row(found | {"flagship": [block(2, 0.2)] * 4}, 150.0).reached is False


def test_no_machine_or_person_is_named() -> None:
    assert set(machine()) == {"system", "processor", "screen", "python", "psychopy"}
    assert not re.search(r"/(?:home|work|tmp|root)/", text(kept()))
