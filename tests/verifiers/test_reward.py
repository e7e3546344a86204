"""The reward verifier over a stand-in for vLLM: what it tells it, reads from it and refuses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from scaling_cli.engines.fake import FakeTokenizer
from scaling_cli.errors import EngineDied, EngineError
from scaling_cli.models.tokenizer import tokenizer_from_folder
from scaling_cli.types import Model, Reward, Tokenizer, Trace
from scaling_cli.verifiers import open_verifier, reward
from scaling_cli.verifiers.reward_engine import RewardEngine
from scaling_cli.vllm_process import VllmProcess

from . import reward_checkpoints as made
from .asking import FakeAsking

TRACE = Trace(text="one\n\ntwo\n\nthree")
PLUS, MINUS = ord("+"), ord("-")


class Rows(list[Any]):
    """Outputs as vLLM's tensors give them."""

    def float(self) -> Any:
        return np.array(self, np.float32)


@dataclass
class FakeLlm:
    """Gives every token of a prompt the same rows, or fails; remembers what it was asked."""

    row: list[float]
    error: Exception | None = None
    errored: bool = False
    short_of: int = 0
    asked: list[list[int]] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    async def encode(self, given: Any, parameters: Any, name: str) -> AsyncIterator[Any]:
        ids = self._asked(given)
        many = [self.row] * (len(ids) - self.short_of)
        data = Rows(many if parameters == "token_classify" else self.row)
        yield SimpleNamespace(outputs=SimpleNamespace(data=data), num_cached_tokens=0)

    async def generate(self, given: Any, parameters: Any, name: str) -> AsyncIterator[Any]:
        ids = self._asked(given)
        tokens = (PLUS, MINUS)[: len(self.row)]
        told = {t: SimpleNamespace(logprob=value) for t, value in zip(tokens, self.row)}  # noqa: B905
        output = SimpleNamespace(logprobs=[told], token_ids=[PLUS])
        yield SimpleNamespace(outputs=[output], prompt_token_ids=ids, num_cached_tokens=4)

    def _asked(self, given: Any) -> list[int]:
        if self.error is not None:
            raise self.error
        self.asked.append(given["prompt_token_ids"])
        return self.asked[-1]

    def shutdown(self) -> None:
        self.told["closed"] = True


@pytest.fixture
def llm(monkeypatch: pytest.MonkeyPatch) -> FakeLlm:
    fake = FakeLlm([0.0])

    async def start(name: str, path: Path, resources: Any, arguments: Any) -> VllmProcess:
        fake.told.update(arguments, resources=resources)
        return VllmProcess(fake, on_cpu=True, reaper=None)

    monkeypatch.setattr(reward, "start_vllm", start)
    monkeypatch.setattr(RewardEngine, "_pooling", lambda self: self.reader)
    monkeypatch.setattr(RewardEngine, "_sampling", lambda self: None)
    return fake


def model(folder: Path, architecture: str, **changed: Any) -> Model:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"architectures": [architecture]}))
    facts = {"path": folder, "format": "safetensors", "tokenizer": FakeTokenizer()}
    return Model("prm", "hash", **{**facts, **changed})


def qwen_tokenizer(folder: Path) -> Tokenizer:
    core = made.byte_level(made.QWEN_TOKENS)
    made.save_tokenizer(folder, core, chat_template=made.CHATML)
    return tokenizer_from_folder(folder)


async def scored(opened: Model, **options: Any) -> Reward:
    verifier = await open_verifier("reward", options, model=opened)
    try:
        return await verifier.score(TRACE, FakeAsking())
    finally:
        await verifier.close()


async def test_an_outcome_head_is_read_once(llm: FakeLlm, tmp_path: Path) -> None:
    llm.row = [1.0986123]
    opened = model(tmp_path, "Qwen2ForSequenceClassification")
    verifier = await open_verifier(
        "reward", {"cores": "1", "vllm": {"block_size": 32}}, model=opened
    )
    reply = await verifier.score(TRACE, FakeAsking())
    assert reply.value == pytest.approx(0.75)
    text = "<user>What is 2+3?\n<assistant>one\n\ntwo\n\nthree\n"
    assert llm.asked == [list(text.encode())]
    assert (reply.prompt_tokens, reply.cached_tokens, reply.new_tokens) == (len(text), 0, 0)
    facts = verifier.facts
    assert (facts.name, facts.kind, facts.model) == ("reward", "outcome", "prm")
    assert facts.own_engine and facts.reads_cache and not facts.upper_bound
    assert facts.details == {"family": "outcome", "reduce": "last", "map": "sigmoid"}
    assert llm.told["runner"] == "pooling" and llm.told["block_size"] == 32
    assert llm.told["resources"].cores == "1"
    await verifier.close()
    await verifier.close()
    assert llm.told["closed"]


@pytest.mark.parametrize(
    ("reduce", "calls", "value"),
    [("last", 1, 0.75), ("min", 3, 0.75), ("mean", 3, 0.75), ("prod", 3, 0.75**3)],
)
async def test_a_language_model_is_asked_for_one_token_at_the_end_of_steps(
    llm: FakeLlm, tmp_path: Path, reduce: str, calls: int, value: float
) -> None:
    llm.row = [-1.0, -2.0986123]
    opened = model(tmp_path, "LlamaForCausalLM")
    reply = await scored(opened, family="rlhflow", reduce=reduce)
    assert reply.value == pytest.approx(value)
    assert len(llm.asked) == calls and reply.new_tokens == calls
    assert reply.prompt_tokens == sum(map(len, llm.asked)) and reply.cached_tokens == 4 * calls
    assert llm.told["runner"] == "generate"
    assert llm.told["logprobs_mode"] == "processed_logprobs"


@pytest.mark.parametrize("name", ["math-shepherd-mistral-7b-prm", "Llama3.1-8B-PRM-Deepseek-Data"])
async def test_published_language_models_are_known_by_name(
    llm: FakeLlm, tmp_path: Path, name: str
) -> None:
    found = reward._family({"family": None}, name, model(tmp_path, "XForCausalLM").path)
    assert found == ("math-shepherd" if "shepherd" in name else "rlhflow")


@pytest.mark.parametrize(
    ("architecture", "row", "family"),
    [
        ("Qwen2ForProcessRewardModel", [0.0, 1.0986123], "qwen-prm"),
        ("Qwen2ForPrmModel", [1.0986123], "skywork-prm"),
    ],
)
async def test_token_classifiers_read_all_steps_in_one_pass(
    llm: FakeLlm, tmp_path: Path, architecture: str, row: list[float], family: str
) -> None:
    llm.row = row
    opened = model(tmp_path, architecture, tokenizer=qwen_tokenizer(tmp_path))
    verifier = await open_verifier("reward", {"reduce": "prod"}, model=opened)
    reply = await verifier.score(TRACE, FakeAsking())
    assert reply.value == pytest.approx(0.75**3) and len(llm.asked) == 1
    assert (reply.prompt_tokens, reply.cached_tokens, reply.new_tokens) == (len(llm.asked[0]), 0, 0)
    assert verifier.facts.details["family"] == family and not verifier.facts.reads_cache


async def test_steps_are_the_sessions_where_the_policys_tokenizer_is_handed_in(
    llm: FakeLlm, tmp_path: Path
) -> None:
    opened = model(tmp_path, "Qwen2ForProcessRewardModel", tokenizer=qwen_tokenizer(tmp_path))
    llm.row = [0.0, 0.0]
    verifier = await open_verifier("reward", {"reduce": "prod"}, model=opened)
    asking = FakeAsking()
    asking.policy_tokenizer = FakeTokenizer()  # type: ignore[attr-defined]
    trace = Trace(tokens=tuple(b"one two"), text="one two", steps=(3, 7))
    assert (await verifier.score(trace, asking)).value == 0.25
    assert (await verifier.score(trace, FakeAsking())).value == 0.5


@pytest.mark.parametrize(
    ("architecture", "row", "short_of", "said"),
    [
        ("Qwen2ForSequenceClassification", [], 0, "gave no score"),
        ("Qwen2ForSequenceClassification", [float("nan")], 0, "gave no number"),
        ("Qwen2ForSequenceClassification", [1.0, 2.0], 0, "has 2 labels"),
        ("Qwen2ForProcessRewardModel", [0.0, 0.0], 10_000, "scored 0 of"),
        ("Qwen2ForProcessRewardModel", [0.0, 0.0], 1, "scored .* of"),
        ("Qwen2ForProcessRewardModel", [], 0, "gave no score"),
        ("LlamaForCausalLM", [-1.0], 0, "gave no score"),
        ("LlamaForCausalLM", [], 0, "gave no score"),
    ],
)
async def test_no_score_is_an_error_and_never_a_number(
    llm: FakeLlm, tmp_path: Path, architecture: str, row: list[float], short_of: int, said: str
) -> None:
    llm.row, llm.short_of = row, short_of
    tokenizer = qwen_tokenizer(tmp_path) if "Process" in architecture else FakeTokenizer()
    family = "rlhflow" if "Causal" in architecture else None
    with pytest.raises(EngineError, match=said):
        await scored(model(tmp_path, architecture, tokenizer=tokenizer), family=family)


@pytest.mark.parametrize(("errored", "kind"), [(False, EngineError), (True, EngineDied)])
async def test_a_refusal_is_told_from_a_death(
    llm: FakeLlm, tmp_path: Path, errored: bool, kind: type[EngineError]
) -> None:
    llm.error, llm.errored = ValueError("longer than the model's context"), errored
    with pytest.raises(EngineError, match="longer than") as raised:
        await scored(model(tmp_path, "Qwen2ForSequenceClassification"))
    assert type(raised.value) is kind and raised.value.hint


@pytest.mark.parametrize(
    ("architecture", "changed", "options", "said"),
    [
        ("LlamaForCausalLM", {}, {}, r"family of the reward model prm \(LlamaForCausalLM\)"),
        ("BertModel", {}, {}, "is not known"),
        ("LlamaForCausalLM", {}, {"family": "oracle"}, "family is 'oracle'"),
        ("LlamaForCausalLM", {}, {"reduce": "max"}, "reduce is 'max'"),
        ("LlamaForCausalLM", {}, {"family": "math-shepherd"}, "no single tokens"),
        ("Qwen2ForProcessRewardModel", {}, {}, "no token <extra_0>"),
        ("XForSequenceClassification", {}, {"max_num_seqs": 0}, "max_num_seqs is 0"),
        ("XForSequenceClassification", {"tokenizer": None}, {}, "needs weights on this machine"),
        ("XForSequenceClassification", {"path": None}, {}, "needs weights on this machine"),
        ("XForSequenceClassification", {"format": "gguf"}, {}, "needs weights on this machine"),
    ],
)
async def test_what_cannot_be_opened_says_why(
    llm: FakeLlm,
    tmp_path: Path,
    architecture: str,
    changed: dict[str, Any],
    options: dict[str, Any],
    said: str,
) -> None:
    with pytest.raises(EngineError, match=said) as raised:
        await open_verifier("reward", options, model=model(tmp_path, architecture, **changed))
    assert raised.value.hint and not llm.told


async def test_a_model_is_needed_and_must_say_its_architecture(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="is not named"):
        await open_verifier("reward", {})
    silent = model(tmp_path, "X")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EngineError, match="does not say its architecture"):
        await open_verifier("reward", {}, model=silent)
