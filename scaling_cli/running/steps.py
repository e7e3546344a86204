"""Where a step of a solution ends, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence

from scaling_cli.types import Completion, StepEnd, StepRule, Tokenizer


def stop_text(
    completion: Completion, stops: Sequence[str], tokenizer: Tokenizer | None
) -> str | None:
    """The stop text that ended a completion; None where the end token or a limit did.

    What an engine does not tell is read from the tokens: it stops at the first stop text, so
    one that stands in their text is what stopped it.
    """
    if completion.stopped_by is not None or completion.finish_reason != "stop":
        return completion.stopped_by
    if tokenizer is None or not completion.tokens:
        return None
    if completion.tokens[-1] in tokenizer.stop_ids:
        return None
    text = tokenizer.decode(completion.tokens)
    found = [(text.find(stop), stop) for stop in stops if stop in text]
    return min(found)[1] if found else None


def step_end(
    completion: Completion, stopped_by: str | None, rule: StepRule, earlier: str, text: str
) -> StepEnd:
    """How a step ended. `earlier` is the text of the step before, `text` that of this one."""
    if completion.finish_reason == "stop" and stopped_by not in rule.stops:
        return "end"
    if text.strip() and text.strip() == earlier.strip():
        return "repeat"
    if completion.finish_reason == "length" and rule.stops:
        return "cap"
    return "step"
