"""Which tokens of each call's prompt an earlier call has computed already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Tokens = tuple[int, ...]


@dataclass(slots=True)
class _Edge:
    """Tokens without a fork among them, and what follows, by its first token."""

    label: Tokens
    below: dict[int, _Edge]


def known_prefixes(prompts: Sequence[Sequence[int]], news: Sequence[Sequence[int]]) -> list[int]:
    """How many first tokens of `prompts[call]` the calls before it have computed.

    The calls of one question to one model, in an order in which no call stands before one
    whose tokens it continues. A call computes its prompt and all it sampled but the last token,
    which nobody has read. So every distinct prefix is paid for once, whatever an engine's cache
    did; what is sampled is paid for by whoever samples it.
    """
    tree: dict[int, _Edge] = {}
    return [
        # What is sampled once more is sampled all the same: only the prompt can be known.
        min(_insert(tree, tuple(prompt) + tuple(new[:-1])), len(prompt))
        for prompt, new in zip(prompts, news, strict=True)
    ]


def _insert(tree: dict[int, _Edge], tokens: Tokens) -> int:
    """Add a sequence to the tree; how many of its first tokens stood there."""
    at, below = 0, tree
    while at < len(tokens):
        edge = below.get(tokens[at])
        if edge is None:
            below[tokens[at]] = _Edge(tokens[at:], {})
            break
        same = _common(edge.label, tokens, at)
        if same < len(edge.label):
            rest = _Edge(edge.label[same:], edge.below)
            edge.label, edge.below = edge.label[:same], {rest.label[0]: rest}
        at, below = at + same, edge.below
    return at


def _common(label: Tokens, tokens: Tokens, start: int) -> int:
    """How many first tokens of `label` stand in `tokens` from `start` on."""
    part = tokens[start : start + len(label)]
    if part == label:
        return len(label)
    low, high = 0, min(len(label), len(part))
    # Comparing halves as a whole is far cheaper than comparing token by token.
    while low < high:
        middle = (low + high + 1) // 2
        if part[low:middle] == label[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
