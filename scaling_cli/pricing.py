"""What a person must say before a cost in equivalent FLOPs or dollars is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scaling_cli.errors import LawError
from scaling_cli.laws.cost import MachinePrice, TokenPrices

AXES = (
    "flops", "flops_policy", "flops_verifier", "flops_uncached", "flops_engine", "flops_2nt",
    "tokens", "seconds",
)  # fmt: skip
"""Axes that recorded counts and the architecture give by themselves."""

PRICED = ("eflops", "dollars")
"""Axes that need a fact of the hardware, or prices."""

PRICE = "--price [MODEL=]PROMPT,NEW[,CACHED] a million tokens, or [MODEL=]DOLLARS/h/CALLS"

Price = TokenPrices | MachinePrice


@dataclass(frozen=True, slots=True)
class Pricing:
    """The hardware's FLOPs per byte of memory bandwidth, and prices by model.

    The price under the empty name is that of every model without one of its own.
    """

    intensity: float | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)

    def of(self, model: str) -> Price | None:
        """The price of a model's calls; None where nobody said."""
        return self.prices.get(model, self.prices.get(""))

    def check(self, axis: str) -> None:
        """LawError where there is no such axis, or where what it needs was not said."""
        if axis not in (*AXES, *PRICED):
            raise LawError(f"there is no axis {axis}", f"valid: {', '.join((*AXES, *PRICED))}")
        if axis == "eflops" and self.intensity is None:
            raise LawError(
                "eflops need the hardware's FLOPs per byte of memory bandwidth",
                "--intensity 295 is an H100 in bfloat16: 989e12 FLOPs and 3.35e12 bytes a second",
            )
        if axis == "dollars" and not self.prices:
            raise LawError("dollars need a price", PRICE)


def read_pricing(intensity: float | None, prices: Sequence[str]) -> Pricing:
    """`--intensity` and every `--price` as they were typed; LawError for one that is no price."""
    if intensity is not None and not 0 <= intensity < math.inf:
        raise LawError(f"an intensity of {intensity:g}", "give FLOPs per byte, such as 295")
    return Pricing(intensity, dict(map(_price, prices)))


def _price(text: str) -> tuple[str, Price]:
    """A model's name, empty for every model, and its price."""
    model, _, price = text.rpartition("=")
    try:
        if "/" not in price:
            return model, TokenPrices(*_numbers(price.split(",")))
        dollars, unit, calls = price.split("/")
        per_hour, at_once = _numbers([dollars, calls])
        if unit != "h" or at_once == 0:
            raise ValueError
        return model, MachinePrice(per_hour, at_once)
    except (ValueError, TypeError):
        raise LawError(f"--price {text} is no price", PRICE) from None


def _numbers(words: Sequence[str]) -> list[float]:
    numbers = [float(word) for word in words]
    if not all(0 <= number < math.inf for number in numbers):
        raise ValueError
    return numbers
