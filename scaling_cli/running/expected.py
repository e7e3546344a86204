"""What a cell's missing samples and scores should cost, before any of them is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from scaling_cli.laws.cost import CostModel
from scaling_cli.plan import ASSUMED_SHARE, Price, Sample, Todo
from scaling_cli.running.prepare import PreparedCell, PreparedVerifier

CHARACTERS_PER_TOKEN = 4.0
"""Of English prose with numbers, where there is no tokenizer to count with."""

ASKED = 60
"""Tokens of a judge's instructions, and of its question at the end, together."""


ROLLING = "oracle-rollout"
"""The verifier that has the policy finish what it scores."""


@dataclass(frozen=True, slots=True)
class VerifierPrice:
    """What one verifier of a cell reads and writes, in tokens and FLOPs; None not known.

    `written` are those of the tokens that it samples, which takes longer than reading.
    """

    verifier: PreparedVerifier
    tokens: float
    flops: float | None
    written: float = 0.0


def price(
    prepared: PreparedCell, todo: Todo, length: float, prompts: Mapping[str, float] | None = None
) -> Price:
    """The price at `length` new tokens a solution: one prompt a question, every prefix once.

    `prompts` are the tokens of each question's prompt, where they are known without a tokenizer.
    """
    known = prompts is not None or prepared.model.tokenizer is not None
    if prompts is None:
        prompts = {q.id: float(len(prepared.prompt_tokens(q))) for q in prepared.questions}
    asked = verifier_prices(prepared, todo, length, prompts)
    tokens, flops_verifier = sum(one.tokens for one in asked), _known([o.flops for o in asked])
    if not todo.missing:
        return Price(flops_verifier, tokens, flops_verifier)
    architecture = prepared.model.architecture
    if architecture is None or not known:
        return Price(None, tokens, flops_verifier)
    model = CostModel(architecture)
    policy = sum(float(model.prefill(prompts[q])) for q in asked_on(todo.missing))
    policy += sum(
        todo.wanted.solutions * float(model.decode(length, context=prompts[question]))
        for question, _ in todo.missing
    )
    whole = None if flops_verifier is None else policy + flops_verifier
    return Price(whole, tokens, flops_verifier)


def asked_on(samples: Sequence[Sample]) -> list[str]:
    """The questions of some samples, each once."""
    return list(dict.fromkeys(question for question, _ in samples))


def _known(flops: Sequence[float | None]) -> float | None:
    return None if None in flops else sum(cost for cost in flops if cost is not None)


def verifier_prices(
    prepared: PreparedCell, todo: Todo, length: float, prompts: Mapping[str, float]
) -> list[VerifierPrice]:
    """Tokens each verifier reads and its FLOPs: every score reads the solution so far, and finds
    computed what earlier scores have read, but for what it is asked at the end."""
    led = () if prepared.verifier is None else (prepared.verifier,)
    return [_asked(prepared, todo, length, prompts, one) for one in (*led, *prepared.scorers)]


def _asked(
    prepared: PreparedCell,
    todo: Todo,
    length: float,
    prompts: Mapping[str, float],
    verifier: PreparedVerifier,
) -> VerifierPrice:
    """The price of one verifier. A sample of a bank is scored once, as a whole."""
    samples = [*todo.missing, *todo.unscored.get(verifier.key, ())]
    if not samples:
        return VerifierPrice(verifier, 0.0, 0.0)
    scores = todo.wanted.scores or 1.0
    solutions = len(samples) * todo.wanted.solutions
    # A bank may hold questions that the sweep no longer asks: their prompts are like the others.
    mean = fmean(prompts.values())
    asked = [prompts.get(question, mean) for question in asked_on(samples)]
    prompt = fmean(asked)
    if verifier.spec.name == ROLLING:
        rollouts = dict(verifier.spec.options)["rollouts"]
        return VerifierPrice(
            verifier, *_rolled(prepared, solutions * scores * rollouts, prompt, length)
        )
    if verifier.model is None:
        return VerifierPrice(verifier, 0.0, 0.0)
    # Steps end at 1/s, 2/s, … of a solution: a score of the whole, s = 1, reads all of it.
    read_so_far = length * (scores + 1) / (2 * scores)
    critiques, critique = _critiques(verifier)
    calls = solutions * scores * max(critiques, 1)
    tokens = calls * (ASKED + prompt + read_so_far + critique)
    architecture = verifier.model.architecture
    if architecture is None:
        return VerifierPrice(verifier, tokens, None, calls * critique)
    model = CostModel(architecture)
    once = sum(float(model.prefill(count + ASKED)) for count in asked)
    read = length + scores * ASKED / 2
    each = float(model.body(prompt, prompt + read)) + scores * model.head
    if critiques:
        context = prompt + read_so_far + ASKED
        each += scores * critiques * float(model.decode(critique, context=context))
    return VerifierPrice(verifier, tokens, once + solutions * each, calls * critique)


def _critiques(verifier: PreparedVerifier) -> tuple[int, float]:
    """How many critiques a judge samples of a solution, and how long one is taken to be."""
    options = dict(verifier.spec.options)
    critiques = int(options.get("critiques") or 0)
    return critiques, ASSUMED_SHARE * float(options["max_tokens"]) if critiques else 0.0


def _rolled(
    prepared: PreparedCell, count: float, prompt: float, length: float
) -> tuple[float, float | None]:
    """`count` continuations by the policy, on average from the middle of a solution to its end."""
    tokens = count * (prompt + length)
    if prepared.model.architecture is None:
        return tokens, None
    model = CostModel(prepared.model.architecture)
    return tokens, count * float(model.decode(length / 2, context=prompt + length / 2))
