"""The table of verifiers: every entry opens, keeps the protocol, and names its mistakes."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from scaling_cli.errors import EngineError
from scaling_cli.types import Trace
from scaling_cli.verifiers import FAKE_ONLY, VERIFIERS, check, open_verifier, options_of

from .asking import FakeAsking, reply

NEEDED: dict[str, dict[str, Any]] = {"judge": {"model": "m", "critiques": 1}}
SCORED = Trace(text="so 5", finished=True, logprobs=(-0.1,), calls=("t/s/1#0",))
UPPER_BOUNDS = {"oracle", "oracle-rollout", "noisy-oracle"}
LIGHT = [name for name in VERIFIERS if name != "reward"]
"""Those that score without weights of their own."""


@pytest.mark.parametrize("name", LIGHT)
async def test_each_scores_between_0_and_1(name: str) -> None:
    verifier = await open_verifier(name, NEEDED.get(name, {}))
    reward = await verifier.score(SCORED, FakeAsking([reply("Verdict: Yes")]))
    await verifier.close()
    assert 0 <= reward.value <= 1 and reward.new_tokens is None
    facts = verifier.facts
    assert facts.name == name and not facts.own_engine
    assert facts.upper_bound == (name in UPPER_BOUNDS)
    assert facts.model == NEEDED.get(name, {}).get("model")


@pytest.mark.parametrize("name", LIGHT)
async def test_an_unknown_option_is_named_with_the_valid_ones(name: str) -> None:
    with pytest.raises(EngineError, match="no option colour") as raised:
        await open_verifier(name, {"colour": 1})
    assert raised.value.hint == f"valid: {', '.join(options_of(name))}"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("confidence", {"measure": "guess"}, "measure is 'guess'"),
        ("confidence", {"scope": "word"}, "scope is 'word'"),
        ("confidence", {"window": 0}, "window is 0"),
        ("judge", {}, "no model"),
        ("judge", {"model": "m", "prompt": "rhyme"}, "prompt is 'rhyme'"),
        ("judge", {"model": "m", "critiques": -1}, "critiques is -1"),
        ("judge", {"model": "m", "critiques": 2, "temperature": "hot"}, "temperature is 'hot'"),
        ("oracle", {"unfinished": 2}, "unfinished is 2"),
        ("oracle-rollout", {"rollouts": True}, "rollouts is True"),
        ("oracle-rollout", {"temperature": -1}, "temperature is -1"),
        ("noisy-oracle", {"true_positive": 1.1}, "true_positive is 1.1"),
        ("reward", {"reduce": "max"}, "reduce is 'max'"),
        ("reward", {"family": "gpt"}, "family is 'gpt'"),
        ("reward", {"max_num_seqs": 0}, "max_num_seqs is 0"),
    ],
)
async def test_a_wrong_option_is_refused_when_opened(
    name: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(EngineError, match=said) as raised:
        await open_verifier(name, options)
    assert raised.value.hint


async def test_an_unknown_verifier_is_named_with_the_known_ones() -> None:
    with pytest.raises(EngineError, match="no verifier psychic") as raised:
        await open_verifier("psychic", {})
    assert "oracle-rollout" in raised.value.hint
    assert set(VERIFIERS) > FAKE_ONLY


@pytest.mark.parametrize("name", VERIFIERS)
def test_defaults_are_accepted_before_anything_is_opened(name: str) -> None:
    """Fails by the EngineError of an option that is refused."""
    check(name, {})


async def test_a_verifier_whose_package_is_absent_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def opener(**given: object) -> None:
        raise ImportError("no vllm")

    module = SimpleNamespace(OPTIONS={}, check=lambda options: None, opener=opener)
    monkeypatch.setitem(sys.modules, "absent_verifier", cast(ModuleType, module))
    monkeypatch.setitem(VERIFIERS, "reward", "absent_verifier:opener")
    with pytest.raises(EngineError, match="cannot be imported: no vllm") as raised:
        await open_verifier("reward", {})
    assert "vLLM" in raised.value.hint
