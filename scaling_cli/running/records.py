"""What a journal keeps of a call, as a value and as JSON.

A log-probability that the engine did not tell is NaN in memory and null in the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from scaling_cli.types import Completion, Reward

DIGITS = 6
"""Decimals kept of a log-probability."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the journal keeps of one call: its reply or its error, and who drew it.

    A score by a verifier with an engine of its own has a `reward` in place of a completion.
    """

    name: str
    completion: Completion | None
    error: str | None = None
    seed: int = 0
    start: int = 0
    reward: Reward | None = None


@dataclass(slots=True)
class Partial:
    """Tokens of a call that had not ended."""

    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] | None = field(default_factory=list)
    seconds: float = 0.0

    def add(self, tokens: Sequence[int], logprobs: Sequence[float] | None) -> None:
        self.tokens.extend(tokens)
        if logprobs is None:
            self.logprobs = None
        elif self.logprobs is not None:
            self.logprobs.extend(logprobs)


_json = json.JSONEncoder(separators=(",", ":")).encode
_COLUMNS = ("logprobs", "confidence", "certainty")
"""Fields of a completion that hold a number a token."""


def written(content: Mapping[str, Any]) -> bytes:
    """One line of a journal; `done` holds records, `partial` maps names to partial calls."""
    writers: dict[str, Callable[[Any], str]] = {"done": _records, "partial": _partials}
    parts = [f'"{key}":{writers.get(key, _json)(value)}' for key, value in content.items()]
    return ("{" + ",".join(parts) + "}\n").encode()


def _records(records: Sequence[Record]) -> str:
    return f"[{','.join(map(_encode, records))}]"


def _encode(record: Record) -> str:
    """The record as JSON. Most of what a run takes of its own is spent here: strings are put
    together, since an encoder of everything would take twice as long."""
    reward = record.reward
    scored = "" if reward is None else f'"reward":{_json(asdict(reward))},'
    completion = "null" if record.completion is None else _encode_completion(record.completion)
    return (
        f'{{"name":{_json(record.name)},"error":{_scalar(record.error)},"seed":{record.seed},'
        f'"start":{record.start},{scored}"completion":{completion}}}'
    )


def _encode_completion(completion: Completion) -> str:
    """What few engines tell is left out where it is not told."""
    rest = "".join(
        f',"{name}":{written}'
        for name, written in (
            ("stopped_by", _scalar(completion.stopped_by)),
            ("alternatives", _scalar(completion.alternatives)),
            ("confidence", _numbers(completion.confidence)),
            ("certainty", _numbers(completion.certainty)),
        )
        if written != "null"
    )
    return (
        f'{{"text":{_json(completion.text)},"finish_reason":"{completion.finish_reason}",'
        f'"tokens":{_list("%d", completion.tokens)},'
        f'"prompt_tokens":{_scalar(completion.prompt_tokens)},'
        f'"cached_tokens":{_scalar(completion.cached_tokens)},'
        f'"new_tokens":{_scalar(completion.new_tokens)},'
        f'"logprobs":{_numbers(completion.logprobs)},"seconds":{float(completion.seconds)!r}{rest}}}'
    )


def _scalar(value: Any) -> str:
    return "null" if value is None else str(value) if type(value) is int else _json(value)


def _list(pattern: str, values: Sequence[float] | None) -> str:
    """Numbers as a list of JSON, each by `pattern`."""
    return "null" if values is None else _pattern(pattern, len(values)) % tuple(values)


@lru_cache(maxsize=1024)
def _pattern(pattern: str, count: int) -> str:
    return f"[{','.join([pattern] * count)}]"


def _numbers(values: Sequence[float] | None) -> str:
    """The numbers, rounded already; NaN, which JSON does not know, is null."""
    text = _list(f"%.{DIGITS}f", values)
    # Only nan, inf and a null in place of all have this letter; 1e999 is read as infinity.
    return text.replace("nan", "null").replace("inf", "1e999") if "n" in text else text


def _partials(parts: Mapping[str, Partial]) -> str:
    listed = (
        f"[{_json(name)},{_list('%d', part.tokens)},{_numbers(part.logprobs)}]"
        for name, part in parts.items()
    )
    return f"[{','.join(listed)}]"


def rounded(record: Record) -> Record:
    """What is in memory must equal what a rerun reads back."""
    told = record.completion
    if told is None or told.logprobs is told.confidence is told.certainty is None:
        return record
    # By name, not by `replace`, which takes three times as long.
    completion = Completion(
        text=told.text,
        finish_reason=told.finish_reason,
        tokens=told.tokens,
        prompt_tokens=told.prompt_tokens,
        cached_tokens=told.cached_tokens,
        new_tokens=told.new_tokens,
        logprobs=rounded_numbers(told.logprobs),
        seconds=told.seconds,
        stopped_by=told.stopped_by,
        alternatives=told.alternatives,
        confidence=rounded_numbers(told.confidence),
        certainty=rounded_numbers(told.certainty),
    )
    return Record(record.name, completion, record.error, record.seed, record.start, record.reward)


def rounded_numbers(values: Sequence[float] | None) -> tuple[float, ...] | None:
    """Each to `DIGITS` decimals; several times faster than Python's own `round` on each."""
    if values is None:
        return None
    column = np.array(values, np.float64).round(DIGITS)
    numbers: list[float] = column.tolist()
    return _same_nan(numbers) if np.isnan(column).any() else tuple(numbers)


def _same_nan(values: Sequence[float | None]) -> tuple[float, ...]:
    """With the one NaN that equals itself in tuples that are compared."""
    return tuple(math.nan if value is None or value != value else value for value in values)


def read(line: Mapping[str, Any]) -> tuple[list[Record], list[tuple[str, Any, Any]]]:
    """The records and partial calls of a line; ValueError, KeyError or TypeError where it is none.

    A partial call is its name, tokens and log-probabilities.
    """
    partial = [
        (name, tokens, None if logprobs is None else _same_nan(logprobs))
        for name, tokens, logprobs in line.get("partial", [])
    ]
    return [_decode(item) for item in line.get("done", [])], partial


def _decode(told: dict[str, Any]) -> Record:
    completion, reward = told["completion"], told.get("reward")
    if completion is not None:
        fields = {name: _tuple(value) for name, value in completion.items()}
        columns = {name: _same_nan(fields[name]) for name in _COLUMNS if fields.get(name)}
        completion = Completion(**{**fields, **columns})
    if reward is not None:
        reward = Reward(**reward)
    return Record(**{**told, "completion": completion, "reward": reward})


def _tuple(value: Any) -> Any:
    """Lists as the tuples they were, however deep."""
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
