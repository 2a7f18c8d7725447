"""What else the computer does that costs frames and stamps: updates under way, and saving power.

A program can't switch an operating system's updates off, so it says when one is under way. PsychoPy's
own search for updates belongs to its application, which isn't started here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

# Programs that run only while something is being installed or looked for.
UPDATERS = frozenset(
    {"apt", "apt-get", "apt.systemd.dai", "dpkg", "dnf", "yum", "zypper", "pacman"}
    | {"tiworker.exe", "trustedinstaller.exe", "wuauclt.exe"}
    | {"softwareupdate", "installd"}
)
CPU = Path("/sys/devices/system/cpu/cpu0/cpufreq")
# With these the governor "powersave" is the usual one and doesn't keep the processor slow (Linux'
# documentation of intel_pstate and amd-pstate); their preference says whether it is kept slow.
SCALES_ITSELF = ("intel_pstate", "amd-pstate-epp")


@dataclass(frozen=True)
class Disturbance:
    """What was found, and what to do: a sentence each."""

    found: str
    advice: str


def disturbances(
    programs: Callable[[], Iterable[str]] | None = None,
    plugged_in: Callable[[], bool | None] | None = None,
    cpu: Path = CPU,
) -> list[Disturbance]:
    """What is going on now; takes some 20 ms, so never during a run.

    `programs` gives the names of what runs, `plugged_in` whether there is mains power (None: no
    battery); `cpu` is the kernel's folder of the first processor's speeds (Linux).
    """
    found = []
    names = (programs or _programs)()
    if updaters := sorted({name for name in names if name.lower() in UPDATERS}):
        found.append(
            Disturbance(
                f"an update is under way ({', '.join(updaters)})",
                "Let it end, and put updates off for the session (docs/install.md).",
            )
        )
    if (plugged_in or _plugged_in)() is False:
        found.append(
            Disturbance("the computer runs on its battery, and saves power", "Plug it in.")
        )
    if slow := _kept_slow(cpu):
        found.append(Disturbance(slow, "Let it run at full speed (docs/install.md)."))
    return found


def _programs() -> list[str]:
    return [name for process in psutil.process_iter(["name"]) if (name := process.info["name"])]


def _plugged_in() -> bool | None:
    # Not all systems have this, and some fail at asking.
    with contextlib.suppress(Exception):
        battery = psutil.sensors_battery()
        return None if battery is None else battery.power_plugged
    return None


def _kept_slow(cpu: Path) -> str:
    def setting(name: str) -> str:
        with contextlib.suppress(OSError):
            return (cpu / name).read_text().strip()
        return ""

    governor = setting("scaling_governor")
    if governor == "powersave" and setting("scaling_driver") not in SCALES_ITSELF:
        return 'the processor is kept slow to save power (governor "powersave")'
    if setting("energy_performance_preference") == "power":
        return 'the processor is kept slow to save power (energy preference "power")'
    return ""
