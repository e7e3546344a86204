"""The known number: reproduced here where llama.cpp and the weights are, judged where not."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import pytest

from scaling_cli import models
from scaling_cli.running import known_number
from scaling_cli.running.known_number import FEW, KNOWN, KNOWN_BY, MODEL, Eight, judged, reproduce

GENERATES = importlib.util.find_spec("reasoning_gym") is not None
SAMPLES = importlib.util.find_spec("xllamacpp") is not None and models.is_here(MODEL)


def quiet(line: str) -> None:
    """Whoever is told, nobody listens."""


def answered(found: Eight, apart: int) -> Eight:
    """The same with so many other answers."""
    answers = [None if i < apart else answer for i, answer in enumerate(found.answers)]
    return replace(found, answers=tuple(answers))


@pytest.mark.parametrize(
    ("found", "state", "said", "remedy"),
    [
        (KNOWN, "ok", "as known", ""),
        (answered(KNOWN, 1), "close", "1 of 8 answers differ", "none"),
        (answered(KNOWN, FEW), "close", f"{FEW} of 8", "none"),
        (answered(KNOWN, FEW + 1), "differs", f"{FEW + 1} of 8", "xllamacpp"),
        (replace(KNOWN, new_tokens=79), "close", "79 tokens", "none"),
        (replace(KNOWN, prompt_tokens=490), "differs", "prompts of 490", "tokenizers"),
        (replace(KNOWN, prompt_tokens=None), "differs", "prompts of None", "tokenizers"),
        (replace(KNOWN, golds=("1",) * 8), "differs", "problems are others", "reasoning-gym"),
    ],
)
def test_where_two_part_is_said(found: Eight, state: str, said: str, remedy: str) -> None:
    finding = judged("known number", found)
    assert finding.state == state and said in finding.detail and remedy in finding.remedy
    assert finding.is_fault == (state == "differs")


@pytest.mark.parametrize("known", KNOWN_BY.values(), ids=KNOWN_BY)
def test_what_is_known_adds_up(known: Eight) -> None:
    same = [a == g for a, g in zip(known.answers, known.golds, strict=True)]
    assert sum(same) == known.right and len(same) == 8


def test_each_engine_has_a_number_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two engines round otherwise; problems and prompts are the same on both."""
    assert judged("known number", KNOWN_BY["vllm"], "vllm").state == "ok"
    assert judged("known number", KNOWN, "vllm").state == "close"
    worse = judged("known number", answered(KNOWN_BY["vllm"], 5), "vllm")
    assert worse.state == "differs" and "vllm" in worse.remedy
    monkeypatch.setattr(known_number, "_lacking", lambda engine: None)
    monkeypatch.setattr(known_number, "ask_eight", lambda engine, say: KNOWN_BY[engine])
    assert reproduce("vllm", quiet).detail.endswith("as known")


@pytest.mark.skipif(not (GENERATES and SAMPLES), reason="no llama.cpp, weights or generator")
def test_the_number_is_reproduced_here() -> None:
    finding = reproduce("llamacpp", quiet)
    # On another processor an answer may differ by rounding; more may not.
    assert finding.state in ("ok", "close"), finding


@pytest.mark.skipif(not GENERATES, reason="no generator of problems")
def test_any_engine_can_be_asked() -> None:
    finding = reproduce("fake", quiet)
    assert finding.state == "ok" and "of 8 right" in finding.detail


def test_what_is_lacking_has_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "is_here", lambda name: False)
    finding = reproduce("llamacpp", quiet)
    assert finding.state == "absent" and finding.remedy == f"scale models pull {MODEL}"


def test_an_engine_that_fails_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = replace(KNOWN, answers=(None,) * 8, failed=8)
    monkeypatch.setattr(known_number, "_lacking", lambda engine: None)
    monkeypatch.setattr(known_number, "ask_eight", lambda engine, say: failed)
    assert reproduce("fake", quiet).is_fault and "calls failed" in reproduce("vllm", quiet).detail
