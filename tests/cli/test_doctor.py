"""`trucewatch doctor` says what is missing and what to do."""

from __future__ import annotations

import pytest

from detector.cli import doctor, run


def test_a_fit_machine_is_called_fit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_FREE_GB", 0.0)
    assert run(["doctor"]) == 0
    assert "Everything needed is here." in capsys.readouterr().out


def test_the_name_of_an_extra_keeps_its_brackets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    monkeypatch.setattr(doctor, "_FREE_GB", 0.0)
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["doctor"]) == 0  # an extra is not needed
    assert "pip install 'trucewatch[dem]'" in capsys.readouterr().out


def test_what_is_missing_comes_with_advice_and_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_PACKAGES", ("numpy", "no-such-package-of-ours"))
    monkeypatch.setattr(doctor, "_DECODERS", ("h264", "no_such_codec"))
    monkeypatch.setattr(doctor, "_FREE_GB", 1e9)
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["doctor"]) == 2
    shown = capsys.readouterr().out
    for words in ("no-such-package-of-ours", "make setup", "no_such_codec", "av>=18.1", "make room", "last column"):
        assert words in shown


def test_a_disk_without_wal_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> str:
        raise OSError("journal mode is delete")

    monkeypatch.setattr(doctor, "_journal_mode", refuse)
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["doctor"]) == 2
    assert "use a local disk" in capsys.readouterr().out
