"""One sample of an inspect_ai log as an imported sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scaling_cli.importing.files import count, flag, text
from scaling_cli.importing.rows import ImportedSample, Skipped
from scaling_cli.importing.verdict import finished_answer, gold_to_grade, own_answer

VERDICTS = {"C": True, "I": False, "P": False, "N": False}
"""Partly right (P) is not right, nor is a reply without an answer (N)."""
READERS = ("pattern", "answer", "choice", "math", "exact")
"""Scorers that look for an answer: without one, the reply has none."""
CUT = {"max_tokens": True, "model_length": True, "stop": False, "tool_calls": False}
ATTACHMENT = "attachment://"

Fields = Mapping[str, Any]


def imported(where: str, sample: Fields, spec: Fields) -> ImportedSample | Skipped:
    """The sample with its id as question; the caller numbers it.

    Tokens are the model's output, its reasoning in it. Where a solver called the model more than
    once they are summed over its calls, and the prompt's length is left open.
    """
    if sample.get("invalidation"):
        return Skipped(where, "declared invalid by the log's owner")
    output = _fields(sample.get("output"))
    reply = _resolved(text(output, "completion"), sample) or _message(output)
    scorer, score = _score(sample, spec)
    verdict = _verdict(score)
    answer = own_answer(_answer(scorer, score), reply)
    new_tokens, prompt_tokens = _tokens(sample, output, text(spec, "model"))
    metadata = _fields(sample.get("metadata"))
    gold = _gold(sample.get("target"))
    judged = scorer.startswith("model_graded")
    truncated = _truncated(sample, output)
    return ImportedSample(
        question=text(sample, "id") or where,
        sample=0,
        answer=finished_answer(answer, reply, verdict=verdict, truncated=truncated),
        correct=verdict,
        gold=gold_to_grade(gold, verdict, None if judged else answer),
        text=reply,
        question_text=_question(sample),
        new_tokens=new_tokens,
        prompt_tokens=prompt_tokens,
        truncated=truncated,
        level=text(metadata, "level", "difficulty"),
        subject=text(metadata, "subject", "type", "category"),
        model=text(spec, "model"),
        task=text(spec, "task"),
        error=_error(sample, verdict, reply),
    )


def _fields(value: Any) -> Fields:
    return value if isinstance(value, dict) else {}


def _resolved(value: str | None, sample: Fields) -> str | None:
    """Long texts may stand once among the attachments, and elsewhere by name."""
    if value is None or not value.startswith(ATTACHMENT):
        return value
    return text(_fields(sample.get("attachments")), value.removeprefix(ATTACHMENT)) or value


def _message(output: Fields) -> str | None:
    """Logs of older versions keep the reply as the first choice's message only."""
    choices = output.get("choices")
    first = _fields(choices[0]) if isinstance(choices, list) and choices else {}
    return _content(_fields(first.get("message")).get("content"))


def _content(content: Any) -> str | None:
    """A message's text; of a list of parts, the parts that are text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = [text(_fields(part), "text") for part in content]
    return "\n".join(part for part in parts if part) or None


def _question(sample: Fields) -> str | None:
    """The input, or the last thing its user says."""
    asked = sample.get("input")
    if isinstance(asked, list):
        users = [one for one in map(_fields, asked) if one.get("role") == "user"]
        return _resolved(_content(users[-1].get("content")), sample) if users else None
    return _resolved(asked, sample) if isinstance(asked, str) else None


def _score(sample: Fields, spec: Fields) -> tuple[str, Fields]:
    """The first scorer that says right or wrong, else the first; in the task's order."""
    scores = {name: _fields(score) for name, score in _fields(sample.get("scores")).items()}
    listed = spec.get("scorers")
    named = [text(_fields(one), "name") for one in listed] if isinstance(listed, list) else []
    order = sorted(scores, key=lambda name: named.index(name) if name in named else len(named))
    plain = [name for name in order if _verdict(scores[name]) is not None]
    first = (plain or order or [""])[0]
    return first, scores.get(first, {})


def _verdict(score: Fields) -> bool | None:
    """C, I, P and N, or 0 and 1; None for part marks, and for NaN, which is `unscored`."""
    value = score.get("value")
    if isinstance(value, str) and value in VERDICTS:
        return VERDICTS[value]
    return flag(value)


def _answer(scorer: str, score: Fields) -> str | None:
    """The answer its scorer read: "" where it found none, None where it does not say."""
    read = text(score, "answer")
    if score.get("value") == "N" or (score and read is None and scorer in READERS):
        return ""
    return read


def _gold(target: Any) -> str | None:
    """The one right answer; None where there are several to choose from."""
    listed = target if isinstance(target, list) else [target]
    return text({"target": listed[0]}, "target") if len(listed) == 1 else None


def _tokens(sample: Fields, output: Fields, model: str | None) -> tuple[int | None, int | None]:
    """New tokens and the prompt's; input_tokens leaves out what a cache held."""
    messages = sample.get("messages")
    listed = messages if isinstance(messages, list) else []
    calls = sum(_fields(one).get("source") == "generate" for one in listed)
    usage = _fields(output.get("usage"))
    if calls > 1:
        whole = _fields(_fields(sample.get("model_usage")).get(model or ""))
        return count(whole.get("output_tokens")) or None, None
    cached = [count(usage.get(f"input_tokens_cache_{how}")) or 0 for how in ("read", "write")]
    prompt = (count(usage.get("input_tokens")) or 0) + sum(cached)
    return count(usage.get("output_tokens")) or None, prompt or None


def _truncated(sample: Fields, output: Fields) -> bool | None:
    if sample.get("limit"):
        return True
    choices = output.get("choices")
    first = _fields(choices[0]) if isinstance(choices, list) and choices else {}
    return CUT.get(text(first, "stop_reason") or "")


def _error(sample: Fields, verdict: bool | None, reply: str | None) -> str | None:
    """Why the sample failed; a limit that stopped it is no failure where it was scored."""
    error = sample.get("error")
    if error:
        said = text(_fields(error), "message") or str(error)
        return " ".join(said.split())[:200]
    limit = sample.get("limit")
    if limit and verdict is None:
        return f"stopped by its {text(_fields(limit), 'type') or 'own'} limit"
    return None if reply or verdict is not None else "the source holds no text"
