"""Heat that nobody asked for in a session: it ends it, and counts on the skin ever after."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiment.errors import ExitCode
from experiment.journal import Journal, events, read_journal
from experiment.recovery.past import heat_of, heat_of_participant
from experiment.recovery.resume import prepare_resume
from experiment.session.preparation import Request, prepare
from experiment.session.session import Played, play
from experiment.session.settings import virtual_setting
from experiment.session.skin import history_of
from experiment.summary.deviations import deviation_of
from hardware.dose import dose_rate
from hardware.emulation import EmulatedWorld
from hardware.history import EVERY_SITE
from tests.experiment.virtual import play_virtually


@pytest.fixture(scope="module")
def hot(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Journal]:
    """Someone else starts the thermode in the second trial, while its own heat is prepared."""
    _, plain = play_virtually(tmp_path_factory.mktemp("plain"))
    moment = next(e.t for e in plain.of(events.TrialStart) if e.trial == 2) + 1.0
    prepared = prepare(Request("pilot_short", out=tmp_path_factory.mktemp("hot"), simulated=True))
    setting = virtual_setting()

    def arrange(world: EmulatedWorld) -> None:
        setting.clock.call_at(moment, lambda: world.tcs.receive(b"C0450V01000D009000L"))

    setting.arrange_world = arrange
    played = play(prepared, setting)
    return played, read_journal(played.journal)


def test_it_ends_the_session_and_stands_in_the_journal(hot: tuple[Played, Journal]) -> None:
    played, journal = hot
    assert played.ending.exit_code == ExitCode.DEVICE
    assert "although no heat was asked for" in played.ending.message
    seen, over = journal.of(events.HeatUnasked)
    assert (seen.over, over.over) == (False, True)
    site = journal.of(events.RunStart)[0].skin_site
    assert seen.skin_site == over.skin_site == site
    assert over.highest == 45.0
    assert 0 < over.cem43 <= (over.t - over.began) * dose_rate(45.0)
    assert any("no heat was asked for" in warned.message for warned in journal.of(events.Warned))
    deviation = deviation_of(over)
    assert deviation is not None
    assert deviation.weight == "serious"


def test_a_session_that_goes_on_counts_it(hot: tuple[Played, Journal]) -> None:
    played, journal = hot
    place = played.prepared.place
    asked_for = journal.of(events.HeatDelivered)
    _, over = journal.of(events.HeatUnasked)
    given = heat_of_participant(place.dataset, place.participant)
    assert len(given) == len(asked_for) + 1
    resumed, _ = prepare_resume(place.journals)
    assert resumed.goes_on_at is not None
    now = resumed.goes_on_at.timestamp()
    site = history_of(resumed, now).site(over.skin_site, now)
    assert site.stimuli == len(asked_for) + 1
    assert site.cem43 == pytest.approx(sum(h.cem43 for h in asked_for) + over.cem43)
    assert play(resumed, virtual_setting()).ending.exit_code == ExitCode.DONE


def test_one_that_a_crash_cut_off_counts_with_the_most_that_a_stimulus_may_have(
    hot: tuple[Played, Journal], tmp_path: Path
) -> None:
    played, _ = hot
    lines = played.journal.read_bytes().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if b'"event":"heat_unasked"' in line)
    cut = tmp_path / played.journal.name
    cut.write_bytes(b"".join(lines[: first + 1]))
    counted = {heat.cem43 for heat in heat_of([read_journal(cut)])}
    assert played.prepared.rig.model.limits.highest_dose_stimulus in counted


def test_one_whose_site_is_not_known_counts_on_each(
    hot: tuple[Played, Journal], tmp_path: Path
) -> None:
    _, journal = hot
    _, over = journal.of(events.HeatUnasked)
    elsewhere = over.model_copy(update={"skin_site": EVERY_SITE})
    path = tmp_path / journal.path.name
    lines = [event.model_dump_json() for event in (journal.head, elsewhere)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    [heat] = heat_of([read_journal(path)])
    assert (heat.site, heat.cem43) == (EVERY_SITE, over.cem43)
