"""A question's calls as a tree: what continued what, its tokens, and which traces survived."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scaling_cli.reporting.numbers import brief, briefs

Row = Mapping[str, Any]
PIECE = re.compile(r"(\D*)(\d*)")


@dataclass(slots=True)
class Call:
    """One call. `parent` numbers the call whose prefix it continues, None for the prompt;
    `candidate` is the finished trace that ends here, `kept` says that one runs through here."""

    name: str
    role: str
    model: str | None
    parent: int | None
    prompt: int | None
    cached: int | None
    new: int | None
    scores: list[float] = field(default_factory=list)
    candidate: int | None = None
    kept: bool = False


def tree_data(charges: Sequence[Row], candidates: Sequence[Row]) -> dict[str, Any]:
    """The calls of one question in one cell, parents before children, as the page draws them.

    `told` says whether every finished trace could be found among the calls: only then are the
    others known to have been pruned.
    """
    calls = ordered(charges)
    placed = place_candidates(calls, candidates)
    recorded = any(call.scores for call in calls)
    for leaf, candidate in placed.items():
        _mark(calls, leaf, candidate)
        _score_path(calls, leaf, candidates[candidate], recorded=recorded)
    asked = [call for call in calls if call.role == "verifier"]
    return {
        "told": len(placed) == sum(map(_is_trace, candidates)),
        "verifier": {
            "calls": len(asked),
            "prompt": _sum(call.prompt for call in asked),
            "new": _sum(call.new for call in asked),
        },
        "calls": [
            [
                call.name,
                -1 if call.parent is None else call.parent,
                int(call.role == "verifier"),
                call.model,
                call.prompt,
                call.cached,
                call.new,
                briefs(call.scores, 3),
                call.candidate,
                int(call.kept),
            ]
            for call in calls
        ],
    }


def _is_trace(row: Row) -> bool:
    """Whether it is a trace at all: a search that failed, or found none, has a row without one."""
    return not row.get("error") and row["new_tokens"] != 0


def ordered(charges: Sequence[Row]) -> list[Call]:
    """Calls in the order of their names, parents first; a parent that is not there is none."""
    rows = {short_name(row["call"]): row for row in charges}
    names = sorted(rows, key=_by_number)
    depth = {name: _depth(name, rows) for name in names}
    names.sort(key=lambda name: depth[name])
    place = {name: number for number, name in enumerate(names)}
    return [
        Call(
            name=name,
            role=str(rows[name]["role"]),
            model=rows[name].get("model"),
            parent=place.get(_parent(rows[name]) or "") if depth[name] else None,
            prompt=rows[name]["prompt_tokens"],
            cached=rows[name]["cached_tokens"],
            new=rows[name]["new_tokens"],
            scores=_own_score(rows[name]),
        )
        for name in names
    ]


def short_name(call: str) -> str:
    """A call's name without its question: `0/3`, `0/s5`."""
    return call.rpartition("#")[2]


def _parent(row: Row) -> str | None:
    return None if row["parent"] is None else short_name(row["parent"])


def _own_score(row: Row) -> list[float]:
    score = brief(row.get("score"))
    return [] if score is None else [score]


def _by_number(name: str) -> list[tuple[str, int]]:
    """Branch 2 before branch 10."""
    pieces = [PIECE.match(piece) for piece in name.split("/")]
    return [(found.group(1), int(found.group(2) or -1)) for found in pieces if found is not None]


def _depth(name: str, rows: Mapping[str, Row]) -> int:
    """Calls above this one; 0 also where the parents of a damaged file go round in a circle."""
    seen = {name}
    above = _parent(rows[name])
    while above is not None and above in rows:
        if above in seen:
            return 0
        seen.add(above)
        above = _parent(rows[above])
    return len(seen) - 1


def place_candidates(calls: Sequence[Call], candidates: Sequence[Row]) -> dict[int, int]:
    """Leaf -> number of the finished trace that ends there.

    Where a trace does not name its last call, it is found if a single leaf has as many tokens
    on its path, lies in the trace's subtree and is no other trace's; else it is not guessed.
    """
    totals = {leaf: _path_tokens(calls, leaf) for leaf in _leaves(calls)}
    claims: dict[int, list[int]] = defaultdict(list)
    for number, row in enumerate(candidates):
        found = _fitting(calls, totals, row) if _is_trace(row) else []
        if len(found) == 1:
            claims[found[0]].append(number)
    return {leaf: numbers[0] for leaf, numbers in claims.items() if len(numbers) == 1}


def _fitting(calls: Sequence[Call], totals: Mapping[int, int | None], row: Row) -> list[int]:
    """Leaves that a trace may end in."""
    last = row.get("call")
    if last is not None:
        return [leaf for leaf in totals if calls[leaf].name == short_name(last)]
    return [
        leaf
        for leaf, total in totals.items()
        if total == row["new_tokens"] and _in_tree(calls[leaf].name, row.get("tree"))
    ]


def _leaves(calls: Sequence[Call]) -> list[int]:
    inner = {call.parent for call in calls if call.role == "policy"}
    return [n for n, call in enumerate(calls) if call.role == "policy" and n not in inner]


def path_of(calls: Sequence[Call], leaf: int) -> list[int]:
    """The calls that made a trace, oldest first."""
    path = [leaf]
    while (above := calls[path[-1]].parent) is not None:
        path.append(above)
    return path[::-1]


def _path_tokens(calls: Sequence[Call], leaf: int) -> int | None:
    return _sum(calls[number].new for number in path_of(calls, leaf))


def _in_tree(name: str, tree: int | None) -> bool:
    return tree is None or name.startswith(f"{tree}/")


def _score_path(calls: Sequence[Call], leaf: int, row: Row, *, recorded: bool) -> None:
    """Put the trace's scores on its steps: one each, or all at the end where they do not fit and
    no score is `recorded` beside its call."""
    rewards = list(row.get("rewards") or [])
    path = path_of(calls, leaf)
    if len(rewards) == len(path):
        for number, reward in zip(path, rewards, strict=True):
            if not calls[number].scores and reward is not None:
                calls[number].scores = [reward]
    elif rewards and not recorded:
        calls[leaf].scores = [reward for reward in rewards if reward is not None]


def _mark(calls: Sequence[Call], leaf: int, candidate: int) -> None:
    calls[leaf].candidate = candidate
    for number in path_of(calls, leaf):
        calls[number].kept = True


def _sum(counts: Any) -> int | None:
    """None as soon as one of them is not known."""
    listed = list(counts)
    return None if None in listed else sum(listed)
