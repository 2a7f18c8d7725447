"""Datasets that tell when they were made, and copies of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from experiment.blinding import record_unblinding
from experiment.report.session import write_session_report
from experiment.session.finish import finish
from experiment.session.preparation import Request, prepare
from experiment.session.session import play
from experiment.session.settings import virtual_setting
from experiment.sharing.copying import share
from tests.sharing.datasets import PEOPLE, journals


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sessions by the computer's own clock, with all that tells when they were."""
    out = tmp_path_factory.mktemp("original")
    for participant, sessions in PEOPLE.items():
        for session in sessions:
            setting = virtual_setting()
            setting.virtual = False
            request = Request(
                "pilot_short", "laptop", participant, session, out=out, simulated=True
            )
            played = play(prepare(request), setting)
            finish(played, None, with_report=False)
    dataset = out / "pilot_short-sim"
    today = datetime.now(UTC)
    notes = [
        f"came on {today:%Y-%m-%d}, consent of {today:%d.%m.%Y}, {today:%d.%m.%y}",
        f"scan {today:%Y%m%d}T1200, {today:%m/%d/%Y}, at {int(today.timestamp())} s",
        f"born 1990-05-17, again {today:%d.%m.}",
    ]
    lines = [json.dumps({"t": 2.0, "event": "note", "kind": "note", "text": n}) for n in notes]
    offset = {"t": 2.5, "event": "clock_offset", "role": "keyboard", "uncertainty_s": 1e-5}
    lines.append(json.dumps(offset | {"seconds": 2.5 - today.timestamp()}))
    first = journals(dataset)[0].path
    head, *rest = first.read_text().splitlines()
    first.write_text("\n".join([head, *lines, *rest]) + "\n")
    record_unblinding(dataset / "derivatives" / "trustpain", "sub-sim01_ses-01", "page.html")
    write_session_report(dataset / "sub-sim02")
    scans = dataset / "sub-sim01" / "ses-01" / "sub-sim01_ses-01_scans.tsv"
    name = next((dataset / "sub-sim01" / "ses-01").rglob("*_stim.tsv.gz"))
    scans.write_text(
        f"filename\tacq_time\n{name.relative_to(scans.parent).as_posix()}\t"
        f"{today - timedelta(days=9):%Y-%m-%dT%H:%M:%S}\n"
    )
    return dataset


@pytest.fixture(scope="session")
def shifted(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shared") / "copy"
    share(original, out, shift=True)
    return out


@pytest.fixture(scope="session")
def undated(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy without journals; a scans.tsv with true dates isn't shared so."""
    out = tmp_path_factory.mktemp("shared") / "undated"
    scans = next(original.rglob("*_scans.tsv"))
    kept = scans.read_bytes()
    scans.unlink()
    try:
        share(original, out, shift=False)
    finally:
        scans.write_bytes(kept)
    return out


@pytest.fixture(scope="session")
def virtual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dry run, which begins at a fixed date."""
    out = tmp_path_factory.mktemp("virtual")
    prepared = prepare(Request("demo", "laptop", out=out, simulated=True))
    finish(play(prepared, virtual_setting()), None, with_report=False)
    return out / "demo-sim"
