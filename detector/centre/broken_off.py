"""What a process that was killed left behind: it is closed, its evidence is kept as far as it is there, and said so."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from detector.errors import LogError
from detector.evidence import jpeg_of
from detector.log import EvidenceStore, LogWriter, open_reader
from detector.log.schema import EVIDENCE_FOLDER
from detector.model import EvidenceFile, State, Violation
from detector.sources.cut_off_clip import cut_off_clip, snapshot_of
from detector.sources.growing_clip import for_browsers


def unfinished_folder(out: Path, source_id: str) -> Path:
    """Where a feed's clips grow until they are evidence."""
    return out / "unfinished" / source_id


def close_broken_off(log: LogWriter, out: Path, source_id: str, why: str) -> tuple[list[Violation], int | None]:
    """For a source that does not come again, before it is watched anew.

    why: what ended its process, as the beginning of a sentence.

    Returns:
        Those that had to be closed, and until where the log knows the source. [ns UTC]

    Raises:
        LogError: evidence cannot be written.
    """
    folder = unfinished_folder(out, source_id)
    with open_reader(out) as reader:
        never_closed, without_evidence = reader.broken_off(source_id)
        without_evidence = [reader.violation(one.violation_id).violation for one in without_evidence]  # as closed
        until_ns = reader.told_until_ns(source_id)
    went_on = {one.violation_id for one in never_closed}
    for violation in never_closed:
        log.closed(replace(violation, state=State.CLOSED))
    for violation in without_evidence:
        files = _kept(EvidenceStore(out / EVIDENCE_FOLDER), violation, folder)
        log.evidence(violation.violation_id, files, _lacks(why, files, went_on=violation.violation_id in went_on))
    shutil.rmtree(folder, ignore_errors=True)
    return never_closed, until_ns


def _kept(store: EvidenceStore, violation: Violation, folder: Path) -> list[EvidenceFile]:
    """What its process had put there, and the clip as far as it had grown, with its clearest moment until then."""
    violation_id = violation.violation_id
    files = store.found(violation_id)
    there = {file.role for file in files}
    found = cut_off_clip(folder, violation_id)
    if found is not None and "clip" not in there:
        clip, first_ns = found
        files.append(store.put(violation_id, "clip", ".ts", clip))
        picture = None if "snapshot" in there else snapshot_of(clip, first_ns, violation.t_peak_ns)
        if picture is not None:
            files.append(store.put(violation_id, "snapshot", ".jpg", jpeg_of(picture)))
        try:
            with TemporaryDirectory(prefix="trucewatch-", dir=store.folder.parent) as beside:
                shown = Path(beside) / "clip.mp4"
                if for_browsers(clip, shown):
                    files.append(store.put(violation_id, "clip_browser", ".mp4", shown))
        except OSError as error:
            raise LogError(f"{store.folder}: the clip of {violation_id} cannot be kept: {error}") from error
    return files


def _lacks(why: str, files: list[EvidenceFile], *, went_on: bool) -> str:
    when = "while it went on: how long it lasted is not known" if went_on else "before its evidence was complete"
    if any(file.role == "clip" for file in files):
        return f"{why} {when}; the clip ends there"
    return f"{why} {when}; no clip was kept"
