"""What a cell's missing samples should cost, before any of them is drawn."""

from __future__ import annotations

from collections.abc import Mapping

from scaling_cli.laws.cost import CostModel
from scaling_cli.plan import Price, Todo
from scaling_cli.running.prepare import PreparedCell, PreparedVerifier

ASKED = 60
"""Tokens of a judge's instructions, and of its question at the end, together."""


def price(
    prepared: PreparedCell, todo: Todo, length: float, prompts: Mapping[str, float] | None = None
) -> Price:
    """The price at `length` new tokens a solution: one prompt a question, every prefix once.

    `prompts` are the tokens of each question's prompt, where they are known without a tokenizer.
    """
    known = prompts is not None or prepared.model.tokenizer is not None
    if prompts is None:
        prompts = _prompts(prepared, todo)
    else:
        prompts = {question: prompts[question] for question in {q for q, _ in todo.missing}}
    tokens, flops_verifier = _verifier(prepared, todo, length, prompts)
    architecture = prepared.model.architecture
    if architecture is None or not known:
        return Price(None, tokens, flops_verifier)
    model = CostModel(architecture)
    policy = sum(float(model.prefill(count)) for count in prompts.values())
    policy += sum(
        todo.wanted.solutions * float(model.decode(length, context=prompts[question]))
        for question, _ in todo.missing
    )
    whole = None if flops_verifier is None else policy + flops_verifier
    return Price(whole, tokens, flops_verifier)


def _prompts(prepared: PreparedCell, todo: Todo) -> Mapping[str, float]:
    """Prompt tokens of the questions that lack something."""
    asked = {question for question, _ in todo.missing}
    return {q.id: len(prepared.prompt_tokens(q)) for q in prepared.questions if q.id in asked}


def _verifier(
    prepared: PreparedCell, todo: Todo, length: float, prompts: Mapping[str, float]
) -> tuple[float, float | None]:
    """Tokens the verifier reads and its FLOPs: every score reads the solution so far, and finds
    computed what earlier scores have read, but for what it is asked at the end."""
    led = () if prepared.verifier is None else (prepared.verifier,)
    costs = [_asked(todo, length, prompts, one) for one in (*led, *prepared.scorers)]
    flops = [cost for _, cost in costs]
    known = None if None in flops else sum(cost for cost in flops if cost is not None)
    return sum(tokens for tokens, _ in costs), known


def _asked(
    todo: Todo, length: float, prompts: Mapping[str, float], verifier: PreparedVerifier
) -> tuple[float, float | None]:
    """Tokens and FLOPs of one verifier. A sample of a bank is scored once, as a whole."""
    if verifier.model is None:
        return 0.0, 0.0
    scores = todo.wanted.scores or 1.0
    solutions = len(todo.missing) * todo.wanted.solutions
    prompt = sum(prompts.values()) / max(len(prompts), 1)
    tokens = solutions * scores * (ASKED + prompt + length / 2)
    architecture = verifier.model.architecture
    if architecture is None:
        return tokens, None
    model = CostModel(architecture)
    once = sum(float(model.prefill(count + ASKED)) for count in prompts.values())
    read = length + scores * ASKED / 2
    each = float(model.body(prompt, prompt + read)) + scores * model.head
    return tokens, once + solutions * each
