"""Schemathesis over the API's own description, against the real server, as each role: no 5xx, nothing undescribed."""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from detector.console.accounts import Accounts
from detector.console.roles import PERMISSIONS, Role
from detector.log import open_reader, verify_log
from detector.timebase import SystemClock
from tests.console.browser import served
from tests.console.test_roles import ENDLESS, NAMES

schemathesis = pytest.importorskip("schemathesis", reason="an environment of before: make setup")
checks, GenerationMode = schemathesis.checks, schemathesis.GenerationMode

EXAMPLES = 4
"""Of each operation and role, as described and not; the same every time."""

CHECKED = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@dataclass(frozen=True)
class Api:
    """A console that runs. known: what its log has, so that not every request is for something that is not there."""

    address: str
    tokens: dict[Role, str]
    known: dict[str, str]
    out: Path


@pytest.fixture(scope="module")
def api(night: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = Path(shutil.copytree(night, tmp_path_factory.mktemp("fuzzed") / "night"))
    with open_reader(folder / "out") as reader:
        one = reader.violations()[0]
    ids = {"violation_id": one.violation.violation_id, "sha256": one.files[0].sha256}
    accounts = Accounts(folder / "out", SystemClock())
    tokens = {role: accounts.make_token(NAMES[role], PERMISSIONS[role], 1) for role in Role}
    accounts.close()
    with served(folder) as running:
        yield Api(running.address, tokens, ids | {"feed": "north", "name": "bayram"}, folder / "out")
        assert running.process.poll() is None
    report = verify_log(folder / "out")
    assert (report.damage, report.warnings) == ((), ())


@pytest.mark.slow
@pytest.mark.parametrize("role", list(Role))
def test_no_request_that_the_api_describes_or_forbids_is_answered_with_a_fault(role: Role, api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.tokens[role]}"}
    schema = schemathesis.openapi.from_url(f"{api.address}/api/openapi.json", headers=headers)
    codes: list[int] = []
    operations = [found.ok() for found in schema.get_all_operations()]
    for operation in operations:
        if operation.path != ENDLESS:
            _ask(operation, GenerationMode.POSITIVE, headers, api, codes)
            _ask(operation, GenerationMode.NEGATIVE, headers, api, codes)
    print(role, len(operations), "operations", sorted(Counter(codes).items()))
    assert len(operations) > 20
    assert len(codes) > 2 * len(operations)
    assert 401 not in codes, "the token is good"
    assert sum(code < 300 for code in codes) > len(operations) / 2, "they are not all refused"


def _ask(operation: Any, mode: Any, headers: dict[str, str], api: Api, codes: list[int]) -> None:
    number = 0

    @settings(
        derandomize=True, max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        nonlocal number
        number += 1
        if number % 2:
            case.path_parameters |= {name: api.known[name] for name in case.path_parameters if name in api.known}
        answer = case.call(headers=headers, timeout=30)
        codes.append(answer.status_code)
        if answer.status_code != 429:
            case.validate_response(answer, checks=CHECKED)

    with contextlib.suppress(Unsatisfiable):  # nothing that could be wrong can be sent
        ask()
