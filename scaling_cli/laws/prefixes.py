"""Which tokens of each call's prompt an earlier call has computed already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def known_prefixes(prompts: Sequence[Sequence[int]], news: Sequence[Sequence[int]]) -> list[int]:
    """How many first tokens of `prompts[call]` the calls before it have computed.

    The calls of one question to one model, in an order in which no call stands before one
    whose tokens it continues. A call computes its prompt and all it sampled but the last token,
    which nobody has read. So every distinct prefix is paid for once, whatever an engine's cache
    did; what is sampled is paid for by whoever samples it.
    """
    tree: dict[int, Any] = {}
    known = []
    for prompt, new in zip(prompts, news, strict=True):
        node, depth = tree, 0
        for token in prompt:
            branch = node.get(token)
            if branch is None:
                break
            node, depth = branch, depth + 1
        known.append(depth)
        for token in (*prompt[depth:], *new[:-1]):
            node = node.setdefault(token, {})
    return known
