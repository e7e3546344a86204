"""What a reply of /v1/completions tells, in OpenAI's form or in llama.cpp's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scaling_cli.types import Alternatives, Completion, Request


def read_reply(reply: Mapping[str, Any], request: Request, seconds: float) -> Completion:
    """The completion a server reports; what it does not report stays None."""
    choice = reply["choices"][0]
    usage = reply.get("usage") or {}
    details = usage.get("prompt_tokens_details") or {}
    # llama.cpp's own form of the same reply: the only one that tells which stop text was met.
    native = reply.get("__verbose") or {}
    count = usage.get("completion_tokens")
    told = choice.get("logprobs") or {}
    content = told.get("content")
    if content is None:
        logprobs = _whole(told.get("token_logprobs") or [])
        alternatives = _by_text(told.get("top_logprobs"))
        ids = tuple(choice.get("token_ids") or ()) or None
    else:
        # Kept only where every sampled token is told: a list with a gap would lie.
        known: Sequence[Any] = content if len(content) == count else []
        logprobs = _whole([token["logprob"] for token in known])
        alternatives = tuple(_likeliest(token) for token in known) or None
        ids = tuple(token["id"] for token in known if "id" in token) or None
    if ids is None and count and len(native.get("tokens") or ()) == count:
        ids = tuple(map(int, native["tokens"]))
    return Completion(
        text=str(choice.get("text") or ""),
        finish_reason="length" if choice.get("finish_reason") == "length" else "stop",
        tokens=ids,
        prompt_tokens=usage.get("prompt_tokens"),
        cached_tokens=details.get("cached_tokens"),
        new_tokens=count,
        logprobs=logprobs,
        seconds=seconds,
        stopped_by=_stop_text(choice.get("stop_reason"), native.get("stopping_word")),
        alternatives=alternatives if request.alternatives else None,
    )


def _whole(logprobs: Sequence[float | None]) -> tuple[float, ...] | None:
    """All log-probabilities, or None where one is missing."""
    told = [float(value) for value in logprobs if value is not None]
    return tuple(told) if told and len(told) == len(logprobs) else None


def _by_text(positions: Any) -> tuple[Alternatives, ...] | None:
    """The most likely tokens at each position by their text; None where they are not told."""
    if not positions or not all(isinstance(position, dict) for position in positions):
        return None
    return tuple(
        tuple(sorted(((str(t), float(v)) for t, v in p.items()), key=lambda pair: -pair[1]))
        for p in positions
    )


def _likeliest(position: Mapping[str, Any]) -> Alternatives:
    """The most likely tokens at one position by id, else by text."""
    return tuple(
        (int(token["id"]) if "id" in token else str(token["token"]), float(token["logprob"]))
        for token in position.get("top_logprobs") or ()
    )


def _stop_text(*reasons: Any) -> str | None:
    """The stop text among what is told; vLLM tells the number of an end token there too."""
    return next((reason for reason in reasons if isinstance(reason, str) and reason), None)
