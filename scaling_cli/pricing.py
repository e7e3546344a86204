"""What a person must say before a cost in equivalent FLOPs or dollars is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from scaling_cli.errors import LawError
from scaling_cli.laws.cost import MachinePrice, TokenPrices

AXES = (
    "flops", "flops_policy", "flops_verifier", "flops_uncached", "flops_engine", "flops_2nt",
    "tokens", "seconds",
)  # fmt: skip
"""Axes that recorded counts and the architecture give by themselves."""

PRICED = ("eflops", "dollars")
"""Axes that need a fact of the hardware, or prices."""

PER_MILLION = "--dollars-per-million [MODEL=]PROMPT,NEW[,CACHED]"
PER_HOUR = "--dollars-per-hour [MODEL=]DOLLARS/CALLS"

Price = TokenPrices | MachinePrice
T = TypeVar("T")


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
            raise LawError("dollars need a price", f"{PER_MILLION}, or {PER_HOUR}")


def read_pricing(
    intensity: float | None, per_million: Sequence[str] = (), per_hour: Sequence[str] = ()
) -> Pricing:
    """`--intensity`, every `--dollars-per-million` and `--dollars-per-hour` as they were typed.

    LawError for what is no price, where a machine does not say how many calls it works on at
    once, and where a model has prices of both kinds.
    """
    if intensity is not None and not 0 <= intensity < math.inf:
        raise LawError(f"an intensity of {intensity:g}", "give FLOPs per byte, such as 295")
    tokens, machines = token_prices(per_million), {}
    for model, (dollars, calls) in hourly_prices(per_hour).items():
        if calls is None:
            raise LawError(
                f"--dollars-per-hour {dollars:g} does not say how many calls the machine works "
                "on at once",
                f"write {PER_HOUR}, such as 2.5/64",
            )
        machines[model] = MachinePrice(dollars, calls)
    if both := sorted(tokens.keys() & machines.keys()):
        raise LawError(
            f"{both[0] or 'every model'} has prices by the hour and by the token",
            "give one of the two",
        )
    return Pricing(intensity, {**tokens, **machines})


def token_prices(texts: Sequence[str]) -> dict[str, TokenPrices]:
    """`[MODEL=]PROMPT,NEW[,CACHED]` in dollars per million tokens, by model, empty for all."""

    def read(text: str) -> TokenPrices:
        return TokenPrices(*_numbers(text.split(",")))

    return _by_model(texts, read, PER_MILLION)


def hourly_prices(texts: Sequence[str]) -> dict[str, tuple[float, float | None]]:
    """`[MODEL=]DOLLARS[/CALLS]` an hour, by model, empty for all: dollars, and how many calls
    the machine works on at once, None where that is not said."""

    def read(text: str) -> tuple[float, float | None]:
        dollars, *calls = _numbers(text.split("/"))
        if len(calls) > 1 or 0 in calls:
            raise ValueError
        return dollars, calls[0] if calls else None

    return _by_model(texts, read, PER_HOUR)


def _by_model(texts: Sequence[str], read: Callable[[str], T], form: str) -> dict[str, T]:
    found = {}
    for text in texts:
        model, _, price = text.rpartition("=")
        try:
            found[model] = read(price)
        except (ValueError, TypeError):
            raise LawError(f"{form.split()[0]} {text} is no price", f"write {form}") from None
    return found


def _numbers(words: Sequence[str]) -> list[float]:
    numbers = [float(word) for word in words]
    if not all(0 <= number < math.inf for number in numbers):
        raise ValueError
    return numbers
