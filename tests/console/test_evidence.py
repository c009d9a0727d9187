"""Evidence leaves only as it was logged, and only under the hash that the log lists."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from detector.console.desk import Desk
from detector.console.proof import Proof
from detector.log import verify_log
from detector.model import Action


def address(desk: Desk, role: str, number: int = 0) -> str:
    one = desk.book.violations()[number]
    file = next(file for file in one.files if file.role == role)
    return f"/evidence/{one.violation.violation_id}/{file.sha256}"


def test_a_clip_is_sent_whole_in_ranges_and_not_again_when_it_is_there(desk: Desk, as_) -> None:
    viewer, clip = as_("viewer"), address(desk, "clip_browser")
    whole = viewer.get(clip)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    part = viewer.get(clip, headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    again = viewer.get(clip, headers={"if-none-match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "sandbox" in whole.headers["content-security-policy"]


def test_that_evidence_was_sent_stands_in_the_log_once_a_session(desk: Desk, as_, copied: Path) -> None:
    viewer = as_("viewer")
    for role in ("clip_browser", "overlay", "track"):
        viewer.get(address(desk, role))
    viewer.get(address(desk, "overlay", 1))
    sent = [one.subject for one in desk.book.audits() if one.action is Action.EVIDENCE]
    assert sent == [one.violation.violation_id for one in desk.book.violations()[:2]]
    both = as_("viewer")
    with ThreadPoolExecutor(4) as several:  # as a page asks
        list(several.map(both.get, [address(desk, role) for role in ("clip_browser", "overlay", "telemetry", "track")]))
    assert sum(one.action is Action.EVIDENCE for one in desk.book.audits()) == 3
    assert verify_log(copied / "out").intact


def test_a_changed_file_is_not_sent_and_the_page_warns(desk: Desk, as_, copied: Path) -> None:
    viewer, still = as_("viewer"), address(desk, "overlay")
    assert viewer.get(still).status_code == 200
    one = desk.book.violations()[0]
    path = copied / "out" / "evidence" / next(file.path for file in one.files if file.role == "overlay")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    refused = viewer.get(still)
    assert refused.status_code == 409
    assert "was changed" in refused.json()["detail"]
    assert "Do not judge by it" in viewer.get(f"/review/{one.violation.violation_id}").text
    path.unlink()
    assert "is missing" in viewer.get(still).json()["detail"]
    path.symlink_to("/etc/passwd")
    assert "symbolic link" in viewer.get(still).json()["detail"]
    path.unlink()
    path.write_bytes(content)
    assert viewer.get(still).content == content


@pytest.mark.parametrize(
    "path",
    [
        "/evidence/../accounts.sqlite",
        "/evidence/%2e%2e/accounts.sqlite",
        "/evidence/..%2faccounts.sqlite/x",
        "/evidence/{id}/..%2f..%2faccounts.sqlite",
        "/evidence/{id}/overlay.jpg",
        "/evidence/{id}/{zeros}",
        "/static/..%2f..%2f..%2fetc/passwd",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/api/feeds/..%2faccounts.sqlite",
        "/api/feeds/..%2f..%2fetc%2fpasswd/picture",
        "/api/feeds/.hidden",
        "/review/{id}%00",
        "/review/%27%20OR%201=1",
    ],
)
def test_no_path_of_a_request_reaches_the_disk(path: str, desk: Desk, as_) -> None:
    one = desk.book.violations()[0].violation.violation_id
    answer = as_("admin").get(path.replace("{id}", one).replace("{zeros}", "0" * 64))
    assert answer.status_code in {404, 422}
    assert b"SQLite" not in answer.content
    assert b"root:" not in answer.content
    assert b"make_app" not in answer.content


def test_a_file_that_grew_too_large_to_be_read_whole_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.console.proof.MOST_READ_BYTES", 10)
    file = desk.book.violations()[0].files[0]
    with pytest.raises(ValueError, match="at most 10"):
        Proof(desk.book.evidence_store).bytes(file)
