"""A tree of traces, and the way down it by upper confidence bounds (UCT)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from scaling_cli.strategies.ranking import value
from scaling_cli.types import Trace


@dataclass(slots=True, eq=False)
class Node:
    """A trace in the tree. `visits` counts the scorings of it and of all below it; `total` sums
    the `scores` of them that gave a number. A closed node has nothing left to expand."""

    trace: Trace
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    visits: int = 0
    scores: int = 0
    total: float = 0.0
    closed: bool = False

    def line(self) -> list[Node]:
        """The node, its parent, and so on up to the root."""
        nodes, node = [self], self.parent
        while node is not None:
            nodes.append(node)
            node = node.parent
        return nodes


def select(root: Node, c: float) -> Node:
    """Down from the root to a node not yet expanded, by the greatest UCT at every fork."""
    node = root
    while node.children:
        choices = [child for child in node.children if not child.closed]
        node = max(choices, key=lambda child: uct(child, c))
    return node


def uct(node: Node, c: float) -> tuple[float, float]:
    """Q(s) + C·√(ln N(parent)/N(s)), Q the running mean of the verifier's scores.

    Without a score that worked Q is −∞, and the second number decides among such nodes.
    """
    assert node.parent is not None
    exploration = c * math.sqrt(math.log(node.parent.visits) / node.visits)
    return (node.total / node.scores if node.scores else -math.inf) + exploration, exploration


def add(parent: Node, trace: Trace, max_depth: int) -> Node:
    """A child, its score taken into the means of all above it. One that is no number is a visit
    without a score: it must not spoil them."""
    capped = len(trace.steps) >= max_depth
    child = Node(trace, parent, closed=trace.finished or capped)
    parent.children.append(child)
    score = value(trace)
    for node in child.line():
        node.visits += 1
        if math.isfinite(score):
            node.scores += 1
            node.total += score
    return child


def close(node: Node) -> None:
    """Close what has only closed children, upwards."""
    for above in node.line():
        above.closed = all(child.closed for child in above.children)
