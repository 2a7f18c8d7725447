"""Making a copy of a dataset that can be shared: whole, or not there at all."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path

from experiment.bids.dataset import read_json
from experiment.bids.files import json_bytes
from experiment.blinding import PAGES, UNBLINDING
from experiment.dataset import SessionPlace, session_lock
from experiment.errors import ExitCode, UserError
from experiment.sharing.dates import TrueDates
from experiment.sharing.journals import SourceJournal, shifted_session, source_journals
from experiment.sharing.mark import DESCRIPTION, MARK, is_shared_copy
from experiment.sharing.shifts import shifts_for

FIXED_TIME = 946_684_800  # 2000-01-01, of every file: when it was changed is a date as well
LARGEST_TEXT = 50_000_000  # bytes; what is larger is an image, not a table
PICTURES = (".png", ".jpg", ".jpeg")
NAMED = 3  # files in a sentence

WITHOUT_DATES = (
    "This is a copy for sharing. It tells no date of a session: journals (sourcedata/) and reports "
    "(derivatives/) stayed with the original. No session may be run in it."
)
SHIFTED = (
    "This is a copy for sharing. Its dates are shifted by a whole number of days, another one for "
    "each participant, to before 1925; intervals and times of day are true. No session may be run "
    "in it."
)


@dataclass
class Shared:
    """A copy that was made. Files are named relative to the dataset."""

    out: Path
    files: int = 0
    participants: int = 0
    notes: int = 0  # of the experimenter, in journals that are in the copy
    unread: list[str] = field(default_factory=list)  # copied, but no text: nobody looked into them
    left_out: list[str] = field(default_factory=list)  # that one would expect in it


def share(dataset: Path, out: Path, *, shift: bool) -> Shared:
    """Copy `dataset` to the new folder `out`, without true dates or (`shift`) with shifted ones.

    Raises `UserError`: exit code 2 for what isn't a dataset of trustpain, a target that isn't
    empty, a session that is going on, or a true date that would be in the copy; 1 if a file can't
    be read or written. `out` isn't there then.
    """
    _check_dataset(dataset)
    _check_out(dataset, out)
    journals = source_journals(dataset)
    if not journals:
        raise UserError(
            f"{dataset} holds no journal, so it isn't known which dates mustn't be in the copy"
        )
    _refuse_going_on(dataset, journals)
    part = out.absolute().with_name(f".{out.absolute().name}.{os.getpid()}.part")
    try:
        shifts = shifts_for(dataset, _spans(journals)) if shift else {}
        part.mkdir(parents=True)
        made = _Copying(dataset, part, journals, shifts).make()
        if out.exists():
            out.rmdir()  # empty; Windows renames to no existing name
        part.rename(out)
    except OSError as error:
        raise UserError(
            f"the copy couldn't be made: {error.strerror or error}"
            f"{f' ({Path(error.filename).name})' if error.filename else ''}; nothing of it is left",
            ExitCode.PROGRAM_FAILED,
        ) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    made.out = out
    return made


class _Copying:
    """One copy in the making, in the folder `part`. Its description comes last: until then the
    folder is no dataset."""

    def __init__(
        self,
        dataset: Path,
        part: Path,
        journals: Sequence[SourceJournal],
        shifts: Mapping[str, int],
    ) -> None:
        self._dataset, self._part, self._journals, self._shifts = dataset, part, journals, shifts
        self._dates = TrueDates(day for one in journals if not one.virtual for day in one.days)
        self._told: list[tuple[str, str]] = []  # file, and the true date in it
        self.made = Shared(part, participants=len({one.participant for one in journals}))

    def make(self) -> Shared:
        for path in self._others():
            self._copy(path)
        if self._shifts:
            self._journals_shifted()
            self._unblindings()
        description = self._description()
        if self._told:
            raise UserError(self._why_not())
        self._readme()
        self._write(DESCRIPTION, json_bytes(description))
        _set_times(self._part)
        return self.made

    def _others(self) -> Iterator[Path]:
        """All files but journals, pages, and what programs hide or leave behind."""
        for folder, folders, names in os.walk(self._dataset):
            here = Path(folder)
            top = here == self._dataset
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith(".") and not (top and name in ("sourcedata", "derivatives"))
            )
            for name in [each for each in folders if (here / each).is_symlink()]:
                self.made.left_out.append(f"{self._name(here / name)} (a link to a folder)")
            for name in sorted(names):
                hidden = name.startswith(".") and not (top and name == ".bidsignore")
                if not hidden and not (top and name == DESCRIPTION):
                    yield here / name

    def _copy(self, path: Path) -> None:
        name = self._name(path)
        self._look(name, name, personal=False)
        text = _text_of(path)
        if text is None:
            if path.suffix.lower() not in PICTURES:
                self.made.unread.append(name)
            target = self._part / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            with target.open("r+b") as file:
                os.fsync(file.fileno())
            self.made.files += 1
            return
        personal, packed = _is_personal(name, text), path.suffix == ".gz"
        if self._shifts and not packed:
            text = self._text_shifted(name, text, personal=personal)
        self._look(name, text, personal=personal)
        self._write(name, path.read_bytes() if packed else text.encode())

    def _text_shifted(self, name: str, text: str, *, personal: bool) -> str:
        """A participant's file, or a table with a line for each of them."""
        if name.startswith("sub-"):
            return self._shifted(name.split("/")[0], text, personal=personal)
        lines = text.splitlines(keepends=True)
        return "".join(self._shifted(one.split("\t")[0], one, personal=personal) for one in lines)

    def _shifted(self, subject: str, text: str, *, personal: bool) -> str:
        """`subject` is 'sub-01' or 'sub-01_ses-01'; of anybody else the text stays as it is."""
        label = subject.strip().partition("_")[0]
        days = self._shifts.get(label.removeprefix("sub-")) if label.startswith("sub-") else None
        return text if days is None else self._dates.shifted(text, days, personal=personal)

    def _journals_shifted(self) -> None:
        for folder, session in groupby(self._journals, key=lambda one: one.path.parent):
            found = list(session)
            subject = found[0].participant
            for path, data in shifted_session(found, self._shifts[subject], self._dates).items():
                name = self._name(path)
                self._look(name, name, personal=False)
                self._look(name, data.decode(errors="replace"), personal=False)
                self._write(name, data)
            self.made.notes += sum(one.notes for one in found)
            if others := _calibrations(folder):
                self.made.left_out.append(
                    f"{len(others)} calibration file(s) of sub-{subject} (what was accepted is in "
                    f"the journals)"
                )

    def _unblindings(self) -> None:
        """Who saw conditions, and when: shifted like the participant that it's about."""
        path = self._dataset / PAGES / UNBLINDING
        if not path.is_file():
            return
        header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [header]
        for line in lines:
            shifted = self._shifted([*line.split("\t"), ""][1], line, personal=True)
            if self._dates.found(shifted, personal=True, shifted=True):
                self.made.left_out.append(f"a line of {UNBLINDING} about no one participant")
            else:
                kept.append(shifted)
        self._write((PAGES / UNBLINDING).as_posix(), "".join(kept).encode())

    def _readme(self) -> None:
        said = SHIFTED if self._shifts else WITHOUT_DATES
        readme = next(iter(sorted(self._part.glob("README*"))), self._part / "README")
        before = readme.read_text(encoding="utf-8").rstrip() + "\n\n" if readme.exists() else ""
        self.made.files -= readme.exists()
        self._write(readme.name, f"{before}{said}\n".encode())

    def _description(self) -> dict[str, object]:
        found = read_json(self._dataset / DESCRIPTION)
        if not self._shifts:  # there is no sourcedata/ in the copy
            found.pop("SourceDatasets", None)
        self._look(DESCRIPTION, str(found), personal=False)
        return found | {MARK: SHIFTED if self._shifts else WITHOUT_DATES}

    def _look(self, name: str, text: str, *, personal: bool) -> None:
        if found := self._dates.found(text, personal=personal, shifted=bool(self._shifts)):
            self._told.append((name, found))

    def _why_not(self) -> str:
        shown = ", ".join(f"{name} ({found})" for name, found in self._told[:NAMED])
        more = f" and {len(self._told) - NAMED} more" if len(self._told) > NAMED else ""
        way = "" if self._shifts else ", or say --date-shift if they are in participants' own files"
        return (
            f"nothing was shared, since true dates would be in the copy: {shown}{more}; take them "
            f"out of these files or names{way}"
        )

    def _name(self, path: Path) -> str:
        return path.relative_to(self._dataset).as_posix()

    def _write(self, name: str, data: bytes) -> None:
        path = self._part / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # a full disk may be told only here
        self.made.files += 1


def _check_dataset(dataset: Path) -> None:
    if not dataset.is_dir():
        raise UserError(f"{dataset} isn't a folder: give the dataset that is to be shared")
    if not (dataset / DESCRIPTION).is_file():
        raise UserError(
            f"{dataset} isn't a dataset (it has no {DESCRIPTION}): give the folder that has one"
        )
    if is_shared_copy(dataset):
        raise UserError(f"{dataset} is a copy made for sharing already: share the original")
    try:
        tools = read_json(dataset / DESCRIPTION).get("GeneratedBy")
    except ValueError as error:
        raise UserError(str(error)) from None
    named = [one.get("Name") for one in tools or [] if isinstance(one, dict)]
    if "trustpain" not in named:
        raise UserError(
            f"{dataset} wasn't written by trustpain (GeneratedBy in {DESCRIPTION} doesn't name it), "
            f"so it isn't known where its dates are"
        )


def _check_out(dataset: Path, out: Path) -> None:
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise UserError(f"{out} exists already: give a new folder's name with --out")
    inner, outer = out.resolve(), dataset.resolve()
    if inner.is_relative_to(outer):
        raise UserError(f"{out} lies in the dataset itself: give a folder outside it with --out")


def _refuse_going_on(dataset: Path, journals: Sequence[SourceJournal]) -> None:
    """Raise `UserError` if a session of the dataset is just being run on this computer."""
    for folder, found in groupby(journals, key=lambda one: one.path.parent):
        session = folder.name.removeprefix("ses-") if folder.name.startswith("ses-") else None
        with session_lock(SessionPlace(dataset, next(iter(found)).participant, session)):
            pass  # let go at once: nobody who is about to begin must wait for a copy


def _spans(journals: Sequence[SourceJournal]) -> dict[str, tuple[date, date]]:
    """Each participant's first and last day."""
    people = {one.participant for one in journals}
    days = {
        who: [d for one in journals if one.participant == who for d in one.days] for who in people
    }
    return {who: (min(found), max(found)) for who, found in days.items()}


def _is_personal(name: str, text: str) -> bool:
    """Whether any date in a file would be one of a participant: not where versions are named."""
    if name.startswith("sub-"):
        return '"DataOrigin"' not in text  # a sidecar of ours names programs and devices
    return name.startswith(("phenotype/", "participants")) and name.endswith(".tsv")


def _text_of(path: Path) -> str | None:
    """A file's text, unpacked if it's a table; None if it isn't text."""
    if path.stat().st_size > LARGEST_TEXT or path.suffix.lower() in PICTURES:
        return None
    data = path.read_bytes()
    if path.name.endswith(".tsv.gz"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError):
            return None
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _calibrations(folder: Path) -> list[Path]:
    return sorted(folder.glob("*_calibration-*.toml"))


def _set_times(folder: Path) -> None:
    for here, _, names in os.walk(folder, topdown=False):
        for name in names:
            os.utime(Path(here, name), (FIXED_TIME, FIXED_TIME))
        os.utime(here, (FIXED_TIME, FIXED_TIME))
