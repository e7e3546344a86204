"""What `--intensity` and the options for dollars say, and what they are refused for."""

from __future__ import annotations

from inspect import signature

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling_cli import api
from scaling_cli.cli.main import app
from scaling_cli.errors import LawError
from scaling_cli.laws.cost import MachinePrice, TokenPrices
from scaling_cli.pricing import Pricing, hourly_prices, read_pricing

amounts = st.floats(0, 1e9)


@given(st.sampled_from(["", "m", "Org/m=4bit"]), amounts, amounts, st.none() | amounts)
def test_a_price_reads_back(model: str, prompt: float, new: float, cached: float | None) -> None:
    words = ",".join(repr(n) for n in (prompt, new, cached) if n is not None)
    found = read_pricing(None, [f"{model}={words}" if model else words])
    assert found.of(model) == TokenPrices(prompt, new, cached)


def test_a_model_without_a_price_of_its_own_has_that_of_all() -> None:
    found = read_pricing(295.0, ["0.1,0.4", "large=1,4,0.5"], ["rented=2.5/64"])
    assert found.intensity == 295.0
    assert found.of("large") == TokenPrices(1.0, 4.0, 0.5)
    assert found.of("rented") == MachinePrice(2.5, 64.0)
    assert found.of("other") == TokenPrices(0.1, 0.4)
    assert Pricing().of("other") is None


@pytest.mark.parametrize(
    "price", ["", "1", "1,2,3,4", "m=", "m=cheap,2", "-1,2", "nan,1", "inf,1", "2/4"]
)
def test_what_is_no_price_a_million_is_named_with_the_form(price: str) -> None:
    with pytest.raises(LawError, match=r"--dollars-per-million .*is no price") as caught:
        read_pricing(None, [price])
    assert "PROMPT,NEW" in caught.value.hint


@pytest.mark.parametrize("price", ["", "dear", "2/0", "2/-1", "2/4/5", "2/h/4", "-2/4", "1,2"])
def test_what_is_no_price_an_hour_is_named_with_the_form(price: str) -> None:
    with pytest.raises(LawError, match=r"--dollars-per-hour .*is no price") as caught:
        read_pricing(None, [], [price])
    assert "DOLLARS/CALLS" in caught.value.hint


def test_a_recorded_run_needs_to_know_how_many_calls_share_the_hour() -> None:
    with pytest.raises(LawError, match="how many calls"):
        read_pricing(None, [], ["2.5"])
    assert hourly_prices(["2.5", "m=3/8"]) == {"": (2.5, None), "m": (3.0, 8.0)}


@pytest.mark.parametrize("model", ["", "m="])
def test_a_model_has_one_kind_of_price(model: str) -> None:
    with pytest.raises(LawError, match="by the hour and by the token"):
        read_pricing(None, [f"{model}1,2"], [f"{model}2/8"])


def test_prices_have_one_name_in_every_command_and_in_python() -> None:
    """Whoever knows one command knows them all."""
    names = {"dollars_per_million", "dollars_per_hour"}
    commands = {c.name: c.callback for c in app.registered_commands if c.callback is not None}
    with_prices = {
        name
        for name, call in commands.items()
        if any("dollar" in word or "price" in word for word in signature(call).parameters)
    }
    assert with_prices >= {"accuracy", "frontier", "recommend", "compare", "fit", "plan"}
    calls = [*(commands[name] for name in with_prices), api.frontier, api.recommend, api.compare]
    for call in [*calls, api.plot]:
        words = {w for w in signature(call).parameters if "dollar" in w or "price" in w}
        assert words == names, call


@pytest.mark.parametrize("intensity", [-1.0, float("nan"), float("inf")])
def test_an_intensity_is_a_number_of_flops(intensity: float) -> None:
    with pytest.raises(LawError, match="intensity"):
        read_pricing(intensity, [])
