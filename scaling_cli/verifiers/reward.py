"""Reward models of the hub on vLLM: a score for a whole solution, or for every step of it."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaling_cli.errors import EngineError
from scaling_cli.types import Asking, Model, Reward, Tokenizer, Trace, Verifier, VerifierFacts
from scaling_cli.verifiers.options import choice, count
from scaling_cli.verifiers.reward_engine import Reply, RewardEngine
from scaling_cli.verifiers.reward_family import Family
from scaling_cli.verifiers.reward_outcome import Outcome
from scaling_cli.verifiers.reward_qwen import QwenPrm
from scaling_cli.verifiers.reward_rlhflow import RlhFlow
from scaling_cli.verifiers.reward_shepherd import MathShepherd
from scaling_cli.verifiers.reward_skywork import SkyworkPrm
from scaling_cli.verifiers.reward_steps import step_texts
from scaling_cli.vllm_process import Resources, start_vllm

OPTIONS: dict[str, Any] = {
    "model": None,
    "family": None,
    "reduce": "last",
    "dtype": "bfloat16",
    "max_num_seqs": 64,
    "max_model_len": 4096,
    "cores": None,
    "kv_cache_gb": 2,
    "vllm": {},
}
"""`family`: told by the weights where it is not given. `reduce`: how the scores of steps become
one. `vllm`: further engine arguments of vLLM's."""

FAMILIES: dict[str, Callable[[Tokenizer], Family]] = {
    "outcome": Outcome,
    "math-shepherd": MathShepherd,
    "rlhflow": RlhFlow,
    "qwen-prm": QwenPrm,
    "skywork-prm": SkyworkPrm,
}

ARCHITECTURES = {"Qwen2ForProcessRewardModel": "qwen-prm", "Qwen2ForPrmModel": "skywork-prm"}
NAMES = {"math-shepherd": "math-shepherd", "llama3.1-8b-prm": "rlhflow"}
"""Language models say nothing of what they were trained for: these names do."""

REDUCTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "last": lambda scores: scores[-1],
    "min": min,
    "mean": lambda scores: sum(scores) / len(scores),
    "prod": math.prod,
}


def check(options: Mapping[str, Any]) -> None:
    """EngineError for options that mean nothing; vLLM checks its own."""
    choice(options, "reduce", REDUCTIONS)
    if options["family"] is not None:
        choice(options, "family", FAMILIES)
    for name in ("max_num_seqs", "max_model_len", "kv_cache_gb"):
        count(options, name)


async def open_reward(*, options: Mapping[str, Any], model: Model | None, seed: int) -> Verifier:
    """Start vLLM on the reward model; takes about half a minute on a CPU."""
    reduce = str(options["reduce"])
    if model is None:
        raise EngineError("the reward model is not named", "name one: model: NAME")
    if model.tokenizer is None or model.path is None or model.format != "safetensors":
        raise EngineError(
            f"a reward model needs weights on this machine, and {model.name} has none it can use",
            "name a hub id or a folder of safetensors, and run scale models pull",
        )
    family = FAMILIES[_family(options, model.name, model.path)](model.tokenizer)
    # A tokenizer that does not suit the family is found before vLLM starts.
    family.prompts("1+1?", ["2"])
    candidates = family.candidates
    process = await start_vllm(
        model.name,
        model.path,
        Resources(options["cores"], options["kv_cache_gb"]),
        {**_arguments(family, options), "seed": seed % 2**31},
    )
    engine = RewardEngine(process, family.reader, candidates)
    return RewardModel(_facts(family, model.name, reduce), family, reduce, engine)


def _arguments(family: Family, options: Mapping[str, Any]) -> dict[str, Any]:
    """What vLLM is told; it sees token ids alone, so it needs no tokenizer."""
    generates = family.reader == "next_token"
    return {
        "runner": "generate" if generates else "pooling",
        **({"logprobs_mode": "processed_logprobs"} if generates else {}),
        "generation_config": "vllm",
        "skip_tokenizer_init": True,
        "dtype": options["dtype"],
        "max_num_seqs": int(options["max_num_seqs"]),
        "max_model_len": int(options["max_model_len"]),
        **family.arguments,
        **options["vllm"],
    }


def _family(options: Mapping[str, Any], name: str, folder: Path) -> str:
    """The family named, or the one the weights' configuration tells."""
    if options["family"] is not None:
        return str(options["family"])
    try:
        found = json.loads((folder / "config.json").read_text())["architectures"][0]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise EngineError(
            f"{name} does not say its architecture", "fetch it again, or name the family"
        ) from error
    if found in ARCHITECTURES:
        return ARCHITECTURES[found]
    if found.endswith("ForSequenceClassification"):
        return "outcome"
    for part, family in NAMES.items():
        if part in name.lower() and found.endswith("ForCausalLM"):
            return family
    raise EngineError(
        f"the family of the reward model {name} ({found}) is not known",
        f"name it: family: one of {', '.join(FAMILIES)}",
    )


def _facts(family: Family, model: str, reduce: str) -> VerifierFacts:
    return VerifierFacts(
        name="reward",
        kind=family.kind,
        model=model,
        own_engine=True,
        reads_cache=family.reader != "token_classify",
        details={"family": family.name, "reduce": reduce, "map": family.map},
    )


@dataclass(frozen=True, slots=True)
class RewardModel:
    """Scores a solution so far; where several prompts are read, their counts are added."""

    facts: VerifierFacts
    family: Family
    reduce: str
    engine: RewardEngine

    async def score(self, trace: Trace, asking: Asking) -> Reward:
        """EngineError where the model gives no number."""
        started = time.perf_counter()
        steps = step_texts(trace, getattr(asking, "policy_tokenizer", None))
        prompts = self.family.prompts(asking.question.text, steps)
        read = prompts[-1:] if self.reduce == "last" else prompts
        replies = await asyncio.gather(*map(self.engine.read, read))
        scores = [self.family.value(row) for reply in replies for row in reply.rows]
        value = REDUCTIONS[self.reduce](scores)
        if not math.isfinite(value):
            raise EngineError("the reward model gave no number", "load it in another dtype")
        return Reward(
            value=value,
            prompt_tokens=sum(reply.prompt_tokens for reply in replies),
            cached_tokens=_cached(replies),
            new_tokens=sum(reply.new_tokens for reply in replies),
            seconds=time.perf_counter() - started,
        )

    async def close(self) -> None:
        """Stop vLLM."""
        await self.engine.process.close()


def _cached(replies: Sequence[Reply]) -> int | None:
    counts = [reply.cached_tokens for reply in replies]
    return None if None in counts else sum(count or 0 for count in counts)
