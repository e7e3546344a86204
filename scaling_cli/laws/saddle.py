"""Saddle points: an inclusion chance and Fourier points for a run of neighbouring ks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scaling_cli.types import FloatArray, IntArray

EXACT = 1e-14
"""What one left-out piece may move a value by: below rounding."""
PRUNED, MANY = 1e-10, 1_000
"""The same for more than this many samples; the pieces together stay far below 1e-6."""
REACH = 2.5
"""A saddle point serves the ks within this many standard deviations of the subset's size."""


@dataclass(frozen=True, slots=True)
class Saddle:
    """Each of `n` samples is drawn with chance `theta`, so that the mean size lies amid `ks`.

    `total[k]` is the chance of drawing exactly k, `floor` the least of them, `negligible` what
    a left-out piece may weigh before it is divided by one of them. `roots` are the `points`
    roots of unity, an odd number.
    """

    n: int
    ks: IntArray
    theta: float
    floor: float
    negligible: float
    total: FloatArray
    points: int
    roots: NDArray[np.complex128]

    def circle(self, powers: IntArray) -> NDArray[np.complex128]:
        """`w^power` at each point w of the upper half circle, `[power, point]`."""
        return self.roots[np.outer(powers, np.arange(self.points // 2 + 1)) % self.points]


def runs(ks: IntArray, n: int) -> list[slice]:
    """Consecutive stretches of sorted ks that one saddle point can serve."""
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


def saddle(n: int, ks: IntArray) -> Saddle:
    """The saddle point for sorted `ks`; a k of 0 or n needs no special case."""
    middle = np.clip((float(ks[0]) + float(ks[-1])) / 2, 0.5, n - 0.5)
    theta = float(middle / n)
    total = binomial(n, theta)[ks]
    floor = float(total.min())
    negligible = floor * (EXACT if n <= MANY else PRUNED)
    # Bernstein: the size of a subset strays further than this with a negligible chance,
    # so sizes that the Fourier sum cannot tell apart do not occur.
    depth, variance = -np.log(negligible), n * theta * (1 - theta)
    stray = depth / 3 + np.sqrt(depth * depth / 9 + 2 * depth * variance)
    apart = max(float(ks[-1]) - n * theta, n * theta - float(ks[0]))
    points = min(n + 1, int(np.ceil(stray + apart)) + 1) | 1
    roots = np.exp(2j * np.pi * np.arange(points) / points)
    return Saddle(n, ks, theta, floor, negligible, total, points, roots)


def binomial(count: int, theta: float) -> FloatArray:
    """Chances of 0..count successes, by ratios from the mode: no large numbers."""
    mode = int((count + 1) * theta)
    steps = np.arange(count)
    ratios = (count - steps) / (steps + 1.0) * (theta / (1 - theta))
    upward = np.cumprod(np.concatenate([[1.0], ratios[mode:]]))
    downward = np.cumprod(np.concatenate([[1.0], 1 / ratios[:mode][::-1]]))
    chances = np.concatenate([downward[:0:-1], upward])
    return np.asarray(chances / chances.sum())
