"""What `--intensity` and `--price` say, and what they are refused for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli.errors import LawError
from scaling_cli.laws.cost import MachinePrice, TokenPrices
from scaling_cli.pricing import Pricing, read_pricing

amounts = st.floats(0, 1e9)


@given(st.sampled_from(["", "m", "Org/m=4bit"]), amounts, amounts, st.none() | amounts)
def test_a_price_reads_back(model: str, prompt: float, new: float, cached: float | None) -> None:
    words = ",".join(repr(n) for n in (prompt, new, cached) if n is not None)
    found = read_pricing(None, [f"{model}={words}" if model else words])
    assert found.of(model) == TokenPrices(prompt, new, cached)


def test_a_model_without_a_price_of_its_own_has_that_of_all() -> None:
    found = read_pricing(295.0, ["0.1,0.4", "large=1,4,0.5", "rented=2.5/h/64"])
    assert found.intensity == 295.0
    assert found.of("large") == TokenPrices(1.0, 4.0, 0.5)
    assert found.of("rented") == MachinePrice(2.5, 64.0)
    assert found.of("other") == TokenPrices(0.1, 0.4)
    assert Pricing().of("other") is None


@pytest.mark.parametrize(
    "price",
    ["", "1", "1,2,3,4", "m=", "m=cheap,2", "-1,2", "nan,1", "inf,1", "2/h", "2/h/0", "2/d/4",
     "2/h/-1", "2/h/4/5"],
)  # fmt: skip
def test_what_is_no_price_is_named_with_the_form(price: str) -> None:
    with pytest.raises(LawError, match="is no price") as caught:
        read_pricing(None, [price])
    assert "PROMPT,NEW" in caught.value.hint


@pytest.mark.parametrize("intensity", [-1.0, float("nan"), float("inf")])
def test_an_intensity_is_a_number_of_flops(intensity: float) -> None:
    with pytest.raises(LawError, match="intensity"):
        read_pricing(intensity, [])
