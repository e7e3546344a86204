"""`scale doctor` as a person and a program meet it."""

from __future__ import annotations

from typing import Any

import pytest

from scaling_cli.running import checkup
from scaling_cli.running.finding import Finding
from tests.cli.command import Scale

GOOD = [
    Finding("engine", "engine llamacpp", "ok", "imports"),
    Finding("hub", "h", "absent", "", "r"),
]


def set_findings(monkeypatch: pytest.MonkeyPatch, found: list[Finding]) -> dict[str, Any]:
    """Have these found; what was asked for stands in the result."""
    asked: dict[str, Any] = {}

    def findings(say: Any, **options: Any) -> list[Finding]:
        asked.update(options)
        return found

    monkeypatch.setattr(checkup, "findings", findings)
    return asked


def test_what_may_be_absent_is_no_failure(scale: Scale, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = set_findings(monkeypatch, GOOD)
    said = scale("doctor")
    assert said.code == 0 and "engine llamacpp" in said.out
    assert asked == {"quick": False, "engines": ["llamacpp"]}


def test_a_program_gets_every_field(scale: Scale, monkeypatch: pytest.MonkeyPatch) -> None:
    set_findings(monkeypatch, GOOD)
    rows = scale("doctor", "--json").rows
    assert [list(row) for row in rows] == [["kind", "what", "state", "detail", "remedy"]] * 2


@pytest.mark.parametrize("state", ["broken", "differs"])
def test_a_fault_exits_1_and_is_named(
    scale: Scale, monkeypatch: pytest.MonkeyPatch, state: Any
) -> None:
    set_findings(monkeypatch, [*GOOD, Finding("number", "known number", state, "", "r")])
    said = scale("doctor")
    assert said.code == 1 and "to mend: known number" in said.err


def test_without_an_engine_nothing_can_sample(
    scale: Scale, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_findings(monkeypatch, GOOD[1:])
    said = scale("doctor")
    assert said.code == 1 and "nothing here can sample" in said.err


def test_quick_samples_nothing_unless_asked(scale: Scale, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = set_findings(monkeypatch, GOOD)
    scale("doctor", "--quick")
    assert asked == {"quick": True, "engines": []}
    scale("doctor", "--quick", "--engine", "fake")
    assert asked == {"quick": True, "engines": ["fake"]}
    assert "no engine vlm" in scale("doctor", "--engine", "vlm").mistake
