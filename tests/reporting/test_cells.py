"""Cells of one strategy are told apart by name."""

from __future__ import annotations

from scaling_cli.reporting.cells import kind_of, label_of


def test_parameters_and_who_led_stand_in_the_name() -> None:
    beam = {"model": "m", "task": "t", "temperature": 0.8, "strategy": "beam"}
    assert kind_of(beam | {"params": {"n": 8, "m": 4}}) == "beam m=4 n=8"
    led = beam | {"params": {"n": 8}, "verifier": {"label": "judge"}}
    assert kind_of(led) == "beam n=8 by judge"
    bound = {"label": "oracle", "upper_bound": True}
    assert kind_of(led | {"verifier": bound}) == "beam n=8 by oracle (upper bound)"
    assert label_of(beam | {"temperature": 0}) == "m · t · greedy"
    assert kind_of(beam | {"temperature": None, "strategy": "sampling", "params": {}}) == "sampling"
