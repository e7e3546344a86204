"""Where a vote is evaluated: complex chances of inclusion, from which every subset size is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from scaling_cli.laws.binomial import binomial, stray

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

    ComplexArray = NDArray[np.complex128]

EXACT = 1e-14
"""What one left-out piece may move a value by: below rounding."""
PRUNED, MANY = 1e-10, 1_000
"""The same for more than this many samples; the pieces together stay far below 1e-6."""
REACH = 2.5
"""A circle serves the ks within this many standard deviations of the subset's size."""
FRAMED = 512
"""Up to so many samples a frame is solved for: a matter of a tenth of a second, and kept."""
APART, TURNS = 2.9, 2.9
"""A frame's circles lie so many standard deviations apart, with so many points for each."""
BLOCK = 64
"""Points evaluated together."""


@dataclass(frozen=True, slots=True)
class Points:
    """Draw every sample with chance theta, and turn by `turn / order` of a circle for each that
    is drawn: of values v_k at subset size k that shows

        W(point) = sum_k C(n, k) theta^k (1 - theta)^(n - k) · w^k · v_k.

    `theta[window]`, `window[point]`, `turn[point]`, `order[point]`.
    """

    theta: FloatArray
    window: IntArray
    turn: IntArray
    order: IntArray

    def __len__(self) -> int:
        return len(self.window)

    def powers(self, exponents: IntArray) -> ComplexArray:
        """`w^exponent`, `[exponent, point]`."""
        turns = exponents[:, None] * self.turn % self.order
        return np.asarray(np.exp(2j * np.pi * (turns / self.order)))

    @property
    def base(self) -> ComplexArray:
        """1 - theta + theta·w: what one sample whose vote cannot count contributes."""
        theta = self.theta[self.window]
        return np.asarray(1 - theta + theta * self.powers(np.ones(1, np.int64))[0])

    @property
    def least_turn(self) -> float:
        """|sin| of half the least angle, 0 to 1."""
        return float(np.sin(np.pi * self.turn / self.order).min())

    def blocks(self) -> Iterator[slice]:
        """Neighbouring points to be evaluated together, whole circles where they are small."""
        ends = np.append(np.flatnonzero(self.turn[1:] == 0) + 1, len(self))
        start = 0
        while start < len(self):
            whole = ends[(ends > start) & (ends <= start + BLOCK)]
            stop = int(whole[-1]) if len(whole) else min(start + BLOCK, len(self))
            yield slice(start, stop)
            start = stop

    def take(self, chosen: slice) -> Points:
        windows, window = np.unique(self.window[chosen], return_inverse=True)
        return Points(self.theta[windows], window, self.turn[chosen], self.order[chosen])


@dataclass(frozen=True, slots=True)
class Plan:
    """Values at `ks` are the real part of W @ `back[point, k]`; an error of e in every W moves
    them by at most `loss`·e."""

    ks: IntArray
    points: Points
    back: ComplexArray
    loss: float


def plans(n: int, ks: IntArray) -> list[Plan]:
    """How to read off sorted distinct `ks` with few points: a circle for each stretch of
    neighbouring ks, or one frame of small circles for all k of 1..n together."""
    circles = [circle(n, ks[stretch]) for stretch in stretches(ks, n)]
    if n <= FRAMED and sum(len(plan.points) for plan in circles) > len(_frame(n).points):
        whole = _frame(n)
        return [Plan(ks, whole.points, whole.back[:, ks - 1], whole.loss)]
    return circles


def stretches(ks: IntArray, n: int) -> list[slice]:
    """Consecutive stretches of sorted ks that one circle can serve."""
    found, start = [], 0
    while start < len(ks):
        center = _center(int(ks[start]), n)
        last = center + REACH * np.sqrt(center * (1 - center / n))
        stop = max(int(np.searchsorted(ks, last, side="right")), start + 1)
        found.append(slice(start, stop))
        start = stop
    return found


def _center(first: int, n: int) -> float:
    """The mean size whose lower reach is `first`: solves m - REACH·sqrt(m(1-m/n)) = first."""
    square = REACH * REACH
    a, b, c = 1 + square / n, -(2 * first + square), float(first * first)
    root = (-b + np.sqrt(max(b * b - 4 * a * c, 0.0))) / (2 * a)
    return float(min(max(root, first), n))


def circle(n: int, ks: IntArray) -> Plan:
    """One circle, with so many points that sizes it cannot tell apart do not occur; a k of 0
    or n needs no special case. The chance lies at the saddle point amid sorted `ks`."""
    middle = np.clip((float(ks[0]) + float(ks[-1])) / 2, 0.5, n - 0.5)
    theta = float(middle / n)
    total = binomial(np.array(n), ks, theta)
    loss = 1 / float(total.min())
    apart = max(float(ks[-1]) - n * theta, n * theta - float(ks[0]))
    wide = int(np.ceil(float(stray(n, theta, tolerance(n) / loss)) + apart))
    order = min(n + 1, wide + 1) | 1
    points = _circle(theta, order)
    back = points.powers(-ks).T * _mirrored(points.turn)[:, None] / order / total
    return Plan(ks, points, back, loss)


def tolerance(n: int) -> float:
    return EXACT if n <= MANY else PRUNED


def _circle(theta: float, order: int) -> Points:
    turn = np.arange(order // 2 + 1)
    return Points(np.array([theta]), np.zeros_like(turn), turn, np.full_like(turn, order))


def _mirrored(turn: IntArray) -> FloatArray:
    """The lower half of a circle mirrors the upper, the points being odd in number."""
    return np.where(turn > 0, 2.0, 1.0)


@lru_cache(maxsize=32)
def _frame(n: int) -> Plan:
    """Circles so small that each confuses sizes `order` apart, and neighbours sort that out.

    As functions of k the weights of a circle's points are a Gaussian window of the subset
    size's standard deviation times waves: a Gabor frame. Windows `APART` deviations apart,
    with `TURNS` waves a deviation, are somewhat more numerous than the n values and lie so well
    that the least-squares solution loses two digits. Equal steps of arcsin(sqrt(theta)) are
    equal parts of a deviation.
    """
    windows = int(np.ceil(np.pi / (APART / np.sqrt(n))))
    theta = np.sin((np.arange(windows) + 0.5) * np.pi / (2 * windows)) ** 2
    orders = np.ceil(TURNS * np.sqrt(n * theta * (1 - theta))).astype(np.int64) | 1
    orders = np.clip(orders, 3, (n + 1) | 1)
    turns = [np.arange(order // 2 + 1) for order in orders]
    sizes = [len(turn) for turn in turns]
    window = np.repeat(np.arange(windows), sizes)
    points = Points(theta, window, np.concatenate(turns), np.repeat(orders, sizes))
    ks = np.arange(1, n + 1)
    seen = points.powers(ks).T * binomial(np.array(n), ks, theta[:, None])[window]
    basis, triangle = np.linalg.qr(np.vstack([seen.real, seen.imag]))
    solution = np.linalg.solve(triangle, basis.T)
    back = (solution[:, : len(points)] - 1j * solution[:, len(points) :]).T
    return Plan(ks, points, back, float(np.abs(back).sum(axis=0).max()))
