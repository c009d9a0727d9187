"""The commands: accounts, where the console listens, TLS."""

from __future__ import annotations

import datetime
import re
import socket
import sqlite3
import ssl
import threading
import time
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import httpx2
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from detector.cli import run
from detector.console import server
from detector.console.certificate import Certificate
from detector.console.desk import Desk
from detector.console.listening import Listening
from detector.console.server import open_desk, open_socket, serve
from detector.log import open_reader, verify_log
from detector.timebase import SystemClock
from tests.console.browser import free_port, served
from tests.live.rig import until


def certificate(folder: Path, days: float = 100, begins_in_days: float = -1, password: str = "") -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now + datetime.timedelta(days=begins_in_days))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        locked = serialization.BestAvailableEncryption(password.encode())
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, locked)
    )
    private.chmod(0o600)
    return pem, private


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "centre.example", "::"])
def test_without_a_certificate_it_listens_on_this_machine_only(host: str) -> None:
    with pytest.raises(ValueError, match="in the open"):
        Listening(host, 8443)


def test_a_certificate_comes_with_its_key(tmp_path: Path) -> None:
    pem, private = certificate(tmp_path)
    with pytest.raises(ValueError, match="together"):
        Listening("0.0.0.0", 8443, pem)
    with pytest.raises(ValueError, match="no such file"):
        Listening("0.0.0.0", 8443, pem, tmp_path / "absent.pem")
    assert Listening("::1", 8443, pem, private).address == "https://[::1]:8443/"


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        ("other key", "is not the key of"),
        ("encrypted", "its key is encrypted"),
        ("no pem", "are no certificate and key"),
        ("swapped", "are no certificate and key"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_refused_in_words(
    happens: str, told: str, tmp_path: Path, copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pem, key = certificate(tmp_path, password="geheim" if happens == "encrypted" else "")
    if happens == "other key":
        (tmp_path / "other").mkdir()
        _, key = certificate(tmp_path / "other")
    elif happens == "no pem":
        pem.write_text("no certificate at all")
    elif happens == "swapped":
        pem, key = key, pem
    with pytest.raises(ValueError, match=told):
        Listening("0.0.0.0", 8443, pem, key)
    options = ["--certificate", str(pem), "--key", str(key), "--port", str(free_port())]
    assert run(["console", str(copied / "out"), *options]) == 2
    assert told in " ".join(capsys.readouterr().err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("days", "begins_in_days", "told"),
    [(-0.01, -1, "expired on"), (5, -1, "expires on"), (100, 1, "is good from"), (100, -1, "")],
)
def test_a_certificate_that_browsers_refuse_or_soon_will_is_told_of(
    days: float, begins_in_days: float, told: str, tmp_path: Path
) -> None:
    tls = Certificate(*certificate(tmp_path, days, begins_in_days))
    remarks = list(tls.remarks(datetime.datetime.now(datetime.UTC)))
    assert [told in one for one in remarks] == [True] * bool(told)
    tls.key.chmod(0o644)
    assert "everybody on this machine can read the key" in list(tls.remarks(datetime.datetime.now(datetime.UTC)))[-1]


def test_over_tls_the_browser_is_told_to_stay_with_it_and_gets_a_renewed_certificate(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem, private = certificate(tmp_path)
    listening = Listening("127.0.0.1", 0, pem, private)
    started: list[uvicorn.Server] = []
    run_server = uvicorn.Server.run
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: (started.append(self), run_server(self, sockets)))
    monkeypatch.setattr(server, "_LOOK_EVERY_TICKS", 1)
    (tmp_path / "renewed").mkdir()
    renewed, its_key = certificate(tmp_path / "renewed")

    def shown(port: int) -> str:
        return ssl.get_server_certificate(("127.0.0.1", port), timeout=20)

    with open_socket(listening) as taken:
        port = taken.getsockname()[1]
        thread = threading.Thread(target=serve, args=(desk, listening, taken))
        thread.start()
        try:
            context = ssl.create_default_context(cafile=pem)
            with urlopen(f"https://localhost:{port}/sign-in", timeout=20, context=context) as answer:
                assert answer.headers["strict-transport-security"] == "max-age=31536000"
            before = shown(port)
            pem.write_bytes(renewed.read_bytes())  # the key comes a moment later, as a script copies them
            time.sleep(0.5)
            assert shown(port) == before, "while they do not fit, the old ones serve"
            private.write_bytes(its_key.read_bytes())
            until(lambda: shown(port) == renewed.read_text(), 20)
        finally:
            while not started:
                time.sleep(0.01)
            started[0].should_exit = True
            thread.join(20)
    assert not thread.is_alive()


def test_a_port_that_is_taken_is_said(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert run(["console", str(copied / "out"), "--port", str(port)]) == 2
    assert f"port {port}" in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["console", "{empty}"], 4, "no violation log here"),
        (["console", "{out}", "--host", "0.0.0.0"], 2, "in the open"),
        (["console", "{out}", "--config", "{out}/absent.yaml"], 2, "no such file"),
        (["user", "add", "{empty}", "x", "--random"], 4, "no violation log here"),
        (["user", "add", "{out}", "anna", "--random"], 2, "already"),
        (["user", "add", "{out}", "new", "--role", "reviewer", "--random"], 2, "party"),
        (["user", "close", "{out}", "nobody"], 2, "no account"),
        (["user", "token", "{out}", "viewer", "--scope", "export"], 2, "scopes"),
        (["user", "role", "{out}", "nobody", "--role", "viewer"], 2, "no account"),
        (["user", "role", "{out}", "viewer", "--role", "reviewer"], 2, "party"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    arguments: list[str], code: int, told: str, copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    filled = [one.format(out=copied / "out", empty=empty) for one in arguments]
    assert run([*filled, *(["--port", str(free_port())] if filled[0] == "console" else [])]) == code
    assert told in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_log_without_accounts_is_not_opened_to_nobody(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copied / "out" / "accounts.sqlite").unlink()
    assert run(["console", str(copied / "out"), "--port", str(free_port())]) == 2
    assert "user add" in capsys.readouterr().err


def test_accounts_are_made_shown_changed_and_closed_and_the_log_says_so(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(copied / "out")
    assert run(["user", "add", out, "carl", "--role", "reviewer", "--party", "b", "--random"]) == 0
    shown = capsys.readouterr().out
    assert "reviewer of party B" in shown
    password = shown.rpartition(": ")[2].strip()
    assert run(["user", "password", out, "carl", "--random"]) == 0
    assert password not in capsys.readouterr().out
    assert run(["user", "token", out, "carl", "--scope", "read", "--scope", "verdict", "--days", "3"]) == 0
    token = capsys.readouterr().out.rpartition(": ")[2].strip()
    assert token.startswith("tw_")
    assert run(["user", "list", out]) == 0
    listed = capsys.readouterr().out
    found = re.search(
        r"^carl +reviewer +B +open\n +access token ([0-9a-f]{8}): read, verdict; until 20\d\d-", listed, re.MULTILINE
    )
    assert found is not None, listed
    key = found[1]
    for wrong in ("", "00000000", key[:4]):
        assert run(["user", "end-token", out, "carl", wrong]) == 2
    assert run(["user", "end-token", out, "carl", key]) == 0
    assert run(["user", "role", out, "carl", "--role", "viewer"]) == 0
    assert run(["user", "role", out, "carl", "--role", "reviewer", "--party", "b"]) == 0
    assert "carl is reviewer, party B now" in capsys.readouterr().out
    assert run(["user", "close", out, "carl"]) == 0
    assert run(["user", "list", out]) == 0
    assert "carl                 reviewer       B   closed" in capsys.readouterr().out
    with open_reader(copied / "out") as reader:
        told = [(one.user, one.subject, one.detail) for one in reader.audits()]
    assert told == [
        ("command line", "carl", "made: reviewer, party B"),
        ("command line", "carl", "another password"),
        ("command line", "carl", "access token for 3 days: read, verdict"),
        ("command line", "carl", f"access token {key} ended"),
        ("command line", "carl", "now: viewer"),
        ("command line", "carl", "now: reviewer, party B"),
        ("command line", "carl", "closed"),
    ]
    kept = b"".join(path.read_bytes() for path in (copied / "out").glob("*.sqlite*"))
    assert password.encode() not in kept
    assert token.encode() not in kept


def test_what_the_command_line_cannot_log_is_not_done(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = copied / "out"
    with sqlite3.connect(out / "violations.sqlite") as log:
        log.execute("CREATE TRIGGER full BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    log.close()
    for arguments in (["add", str(out), "new", "--role", "administrator"], ["password", str(out), "anna"]):
        assert run(["user", *arguments, "--random"]) == 4
        assert "Password" not in capsys.readouterr().out
    for arguments in (["close"], ["role", "--role", "viewer"], ["token", "--scope", "read"]):
        assert run(["user", arguments[0], str(out), "anna", *arguments[1:]]) == 4
    assert run(["user", "list", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "new" not in shown
    assert "closed" not in shown
    assert "token" not in shown
    assert re.search("^anna +reviewer +A +open$", shown, re.MULTILINE)


def test_a_console_that_is_told_to_end_closes_its_log(copied: Path) -> None:
    """As `run` and systemd end it; else newest entries would stay in a file beside the log."""
    with served(copied) as running:
        assert (copied / "out" / "violations.sqlite-wal").exists()
        running.process.terminate()
        assert running.process.wait(20) == 0
    assert not (copied / "out" / "violations.sqlite-wal").exists()


def test_a_console_that_is_told_to_end_lets_its_pages_go_at_once_and_complains_of_nothing(copied: Path) -> None:
    with served(copied) as running, httpx2.Client(base_url=running.address) as client:
        client.post("/sign-in", data={"name": "demo-a", "password": running.passwords["demo-a"], "to": "/"})
        with client.stream("GET", "/api/events") as told:
            lines = told.iter_lines()  # kept: one that is forgotten closes the page
            next(lines)
            running.process.terminate()
            assert running.process.wait(20) == 0
        assert running.process.stdout is not None
        said = running.process.stdout.read()
        assert "timeout graceful shutdown exceeded" not in said, "it did not wait for a page: uvicorn says when it does"
        assert "Traceback" not in said


def test_a_verdict_that_was_answered_survives_kill_nine_and_the_console_starts_again(copied: Path) -> None:
    with open_reader(copied / "out") as reader:
        one = reader.violations()[4].violation.violation_id
    with served(copied) as running, httpx2.Client(base_url=running.address) as client:
        form = {"name": "demo-a", "password": running.passwords["demo-a"], "to": "/"}
        assert client.post("/sign-in", data=form).status_code == 303
        csrf = client.get("/queue").text.partition('name="csrf" content="')[2].partition('"')[0]
        given = client.post(
            f"/api/violations/{one}/verdicts", json={"verdict": "rejected"}, headers={"x-csrf-token": csrf}
        )
        assert given.status_code == 201
        running.process.kill()
    assert verify_log(copied / "out").intact
    with open_reader(copied / "out") as reader:
        assert [str(verdict.verdict) for verdict in reader.violation(one).verdicts] == ["rejected"]
    with closing(open_desk(copied / "out", copied / "agreement.yaml", SystemClock())) as again:
        assert again.accounts.sign_in("demo-a", running.passwords["demo-a"], "::1").account is not None
