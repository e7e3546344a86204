"""The heat map shows the values it is given, question by question."""

from __future__ import annotations

import numpy as np

from scaling_cli.figures.heatmap import edges, heatmap_figure, question_order
from scaling_cli.summary import Series


def curve(model: str, values: dict[str, list[float]], ks: tuple[int, ...] = (1, 2, 4)) -> Series:
    return Series(
        fields={"model": model, "task": "t", "selector": "majority", "strategy": "sampling"},
        question_ids=tuple(values),
        ks=ks,
        values=np.array(list(values.values())),
        mc_error=np.zeros(len(ks)),
        costs={},
        rates={"truncated": 0.0},
    )


HARD, EASY, MIDDLE = [0.1, 0.0, 0.0], [0.9, 1.0, 1.0], [0.5, 0.6, 0.8]


def test_rows_are_shared_questions_in_one_order() -> None:
    first = curve("a", {"hard": HARD, "easy": EASY, "middle": MIDDLE, "alone": EASY})
    second = curve("b", {"middle": MIDDLE, "easy": EASY, "hard": HARD})
    assert question_order([first, second]) == ["easy", "middle", "hard"]
    figure = heatmap_figure([first, second])
    for axes in figure.axes[:2]:
        (mesh,) = axes.collections
        shown = np.asarray(mesh.get_array()).reshape(3, 3)
        np.testing.assert_allclose(shown, [EASY, MIDDLE, HARD])
        assert axes.get_ylim() == (3, 0)


def test_columns_meet_between_their_ks() -> None:
    found = edges(np.array([1.0, 4.0, 16.0]))
    np.testing.assert_allclose(found, [0.5, 2, 8, 32])
    assert edges(np.array([5.0])).tolist() == [5 / 1.2, 6.0]
