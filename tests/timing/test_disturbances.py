"""What else the computer does: updates, battery, a processor that is kept slow."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiment.check.room import quiet
from experiment.display.disturbances import disturbances

NOWHERE = Path("/nowhere")


def found(
    programs: tuple[str, ...] = (), plugged_in: bool | None = None, cpu: Path = NOWHERE
) -> list[str]:
    return [each.found for each in disturbances(lambda: programs, lambda: plugged_in, cpu)]


def test_an_update_that_is_under_way_is_named() -> None:
    assert found(("bash", "TiWorker.exe", "apt", "apt")) == [
        "an update is under way (TiWorker.exe, apt)"
    ]
    assert found(("bash", "unattended-upgr", "aptitude-doc")) == []  # the first waits for shutdown


@pytest.mark.parametrize(("plugged_in", "told"), [(True, 0), (None, 0), (False, 1)])
def test_running_on_the_battery_is_told(plugged_in: bool | None, told: int) -> None:
    assert len(found(plugged_in=plugged_in)) == told


@pytest.mark.parametrize(
    ("governor", "driver", "preference", "told"),
    [
        ("performance", "acpi-cpufreq", None, 0),
        ("powersave", "acpi-cpufreq", None, 1),
        ("powersave", "intel_pstate", "balance_performance", 0),
        ("powersave", "intel_pstate", "power", 1),
    ],
)
def test_a_processor_that_is_kept_slow_is_told(
    tmp_path: Path, governor: str, driver: str, preference: str | None, told: int
) -> None:
    (tmp_path / "scaling_governor").write_text(f"{governor}\n")
    (tmp_path / "scaling_driver").write_text(f"{driver}\n")
    if preference is not None:
        (tmp_path / "energy_performance_preference").write_text(f"{preference}\n")
    assert len(found(cpu=tmp_path)) == told


def test_the_check_tells_what_this_computer_does() -> None:
    findings = list(quiet())
    assert findings
    assert {finding.subject for finding in findings} == {"power, updates"}
    assert all(finding.advice for finding in findings if finding.state == "amber")
