"""What a reply of /v1/completions tells, in OpenAI's form or in llama.cpp's."""

from __future__ import annotations

import math
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
    ids = tuple(choice.get("token_ids") or ()) or None
    if ids is None and count and len(native.get("tokens") or ()) == count:
        ids = tuple(map(int, native["tokens"]))
    if content is None:
        logprobs = _whole(told.get("token_logprobs") or [])
        alternatives = _by_text(told.get("top_logprobs"))
    else:
        if ids is None and len(content) == count and all("id" in token for token in content):
            ids = tuple(int(token["id"]) for token in content)
        places = _places(ids, content, count)
        logprobs = _logprobs(content, places, count)
        alternatives = _likeliest(content, places, count)
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


def _places(
    ids: Sequence[int] | None, content: Sequence[Mapping[str, Any]], count: int | None
) -> Sequence[int] | None:
    """Where among all tokens those stand whose chances are told; None where that is not known.

    llama.cpp tells no chances of the last tokens, as many as the stop text has, where one ended
    the reply, nor of tokens that end inside a character. Of equal tokens in a row of which some
    are not told, the first are taken for those that are.
    """
    if ids is None or not all("id" in token for token in content):
        return range(count) if count and len(content) == count else None
    places: list[int] = []
    at = 0
    for token in content:
        try:
            at = ids.index(int(token["id"]), at) + 1
        except ValueError:
            return None
        places.append(at - 1)
    return places


def _logprobs(
    content: Sequence[Mapping[str, Any]], places: Sequence[int] | None, count: int | None
) -> tuple[float, ...] | None:
    """A log-probability for each token, NaN where none is told; None where no place is known."""
    if not count or places is None:
        return None
    logprobs = [math.nan] * count
    for place, token in zip(places, content, strict=True):
        logprobs[place] = float(token["logprob"])
    return tuple(logprobs)


def _likeliest(
    content: Sequence[Mapping[str, Any]], places: Sequence[int] | None, count: int | None
) -> tuple[Alternatives, ...] | None:
    """The most likely tokens at each position by id, else by text; none where untold."""
    if not count or places is None:
        return None
    likely: list[Alternatives] = [()] * count
    for place, position in zip(places, content, strict=True):
        likely[place] = tuple(
            (int(token["id"]) if "id" in token else str(token["token"]), float(token["logprob"]))
            for token in position.get("top_logprobs") or ()
        )
    return tuple(likely)


def _stop_text(*reasons: Any) -> str | None:
    """The stop text among what is told; vLLM tells the number of an end token there too."""
    return next((reason for reason in reasons if isinstance(reason, str) and reason), None)
