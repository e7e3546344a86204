"""A language model asked whether a solution is right (Zhang et al. 2024, arXiv 2408.15240)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scaling_cli.errors import EngineError
from scaling_cli.types import (
    Alternatives,
    Asking,
    Message,
    Model,
    Reward,
    Sampler,
    Tokenizer,
    Trace,
    Verifier,
    VerifierFacts,
)
from scaling_cli.verifiers.options import choice, count, number

OPTIONS: dict[str, Any] = {
    "model": None,
    "engine": None,
    "prompt": "solution",
    "critiques": 0,
    "temperature": 0.7,
    "max_tokens": 1024,
}
"""`prompt: step` asks whether all is right so far. `critiques`: how many are sampled, at
`temperature` and up to `max_tokens`; 0 reads p(Yes) off one token instead."""

LIKELY = 20
"""Alternatives among which Yes and No are looked for."""

TASK = "Below are a mathematics question and a solution to it. Check the solution."
QUESTIONS = {
    "solution": "Is the solution above right, and its final answer correct?",
    "step": "The solution above may not be finished yet. Is every step of it right so far?",
}
BRIEFLY = "Answer with one word, Yes or No."
AT_LENGTH = (
    "Check it step by step, then end with a line that says only `Verdict: Yes` if so, "
    "or `Verdict: No` if not."
)
VERDICT = re.compile(r"verdict\W{0,8}(yes|no)\b(?!\s*/)", re.IGNORECASE)


def check(options: Mapping[str, Any]) -> None:
    """EngineError for options that mean nothing."""
    choice(options, "prompt", QUESTIONS)
    count(options, "critiques", least=0)
    number(options, "temperature")
    count(options, "max_tokens")


async def open_judge(*, options: Mapping[str, Any], model: Model | None, seed: int) -> Verifier:
    """Ready at once: the judge's engine is reached through `Asking`."""
    prompt, critiques = str(options["prompt"]), int(options["critiques"])
    name = model.name if model is not None else options["model"]
    if not name:
        raise EngineError("the judge has no model", "name one: model: NAME")
    facts = VerifierFacts(
        name="judge",
        kind="process" if prompt == "step" else "outcome",
        model=str(name),
        details={"prompt": prompt, "critiques": critiques},
    )
    sampler = Sampler(temperature=0.0, max_tokens=1)
    if critiques:
        sampler = Sampler(float(options["temperature"]), int(options["max_tokens"]))
    return Judge(facts, prompt, critiques, sampler)


@dataclass(frozen=True, slots=True)
class Judge:
    """Scores by p(Yes), or by the share of critiques that end with Yes."""

    facts: VerifierFacts
    prompt: str
    critiques: int
    sampler: Sampler

    async def score(self, trace: Trace, asking: Asking) -> Reward:
        """EngineError where the reply holds neither Yes nor No, or no critique has a verdict."""
        ending = AT_LENGTH if self.critiques else BRIEFLY
        asked = f"{QUESTIONS[self.prompt]} {ending}"
        text = prompt_text(asking.question.text, trace.text, asked, asking.tokenizer)
        if self.critiques:
            replies = await asking.ask(text, self.sampler, count=self.critiques)
            return Reward(mean_verdict([reply.text for reply in replies]))
        (reply,) = await asking.ask(text, self.sampler, alternatives=LIKELY)
        if not reply.alternatives:
            raise EngineError(
                "the judge's engine tells no likely tokens", "sample critiques: critiques: 4"
            )
        return Reward(yes_share(reply.alternatives[0], asking.tokenizer))

    async def close(self) -> None:
        """Nothing to stop: its engine is its session's."""


def prompt_text(question: str, solution: str, asked: str, tokenizer: Tokenizer | None) -> str:
    """What the judge reads: the task, the question, the solution so far, and what is asked last.

    In this order the prompt of a step begins with all of the prompt of the step before, but for
    what is asked, so that a prefix cache has read it already.
    """
    body = f"{TASK}\n\nQuestion:\n{question}\n\nSolution:\n{solution}"
    # A base model's tokenizer has no template: there the text itself ends where Yes or No is due.
    if tokenizer is None or getattr(tokenizer, "template", "") is None:
        return f"{body}\n\n{asked}\nAnswer:"
    return tokenizer.chat([Message("user", f"{body}\n\n{asked}")])


def yes_share(likely: Alternatives, tokenizer: Tokenizer | None) -> float:
    """P(Yes) / (P(Yes) + P(No)) over the tokens that read so, whatever their case and spaces."""
    chances = {"yes": 0.0, "no": 0.0}
    for token, logprob in likely:
        word = _word(token, tokenizer)
        if word in chances:
            chances[word] += math.exp(logprob)
    total = sum(chances.values())
    if total == 0:
        raise EngineError(
            "the judge's reply holds neither Yes nor No",
            "use a model that follows instructions, or sample critiques: critiques: 4",
        )
    return chances["yes"] / total


def _word(token: int | str, tokenizer: Tokenizer | None) -> str:
    if isinstance(token, int):
        if tokenizer is None:
            raise EngineError(
                "the judge's tokens cannot be read without its tokenizer",
                "name the folder of the judge's model, or sample critiques: critiques: 4",
            )
        token = tokenizer.decode([token])
    return token.strip().lower()


def mean_verdict(critiques: list[str]) -> float:
    """Share of Yes among the critiques' last verdicts; one without a verdict is left out."""
    verdicts = [found[-1].lower() for text in critiques if (found := VERDICT.findall(text))]
    if not verdicts:
        raise EngineError(
            f"none of {len(critiques)} critiques ends with a verdict",
            "raise max_tokens, or use a model that follows instructions",
        )
    return verdicts.count("yes") / len(verdicts)
