"""`scale compare` at the terminal and for programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Scale


@pytest.fixture
def run(scale: Scale) -> Path:
    assert scale.run(scale.write()).code == 0
    return scale.results / "s"


def test_a_program_gets_one_object(scale: Scale, run: Path) -> None:
    said = scale("compare", f"{run}:small", f"{run}:large", "--axis", "tokens", "--json")
    assert {row["matched"] for row in said.rows} == {"k", "tokens"}
    for row in said.rows:
        assert row["lo"] < row["difference"] < row["hi"] and row["questions"] == 8
    verdicts = scale("compare", f"{run}:small", f"{run}:large", "--axis", "tokens",
                     "--table", "verdicts", "--json").rows  # fmt: skip
    assert {one["verdict"] for one in verdicts} <= {"better", "worse", "undecided"}
    assert verdicts and all(one["sentence"] in said.err for one in verdicts)


def test_a_person_gets_a_table_each_and_a_figure(scale: Scale, run: Path) -> None:
    plots = scale.folder / "plots"
    said = scale("compare", f"{run}:small:majority", f"{run}:large:majority", "--axis", "tokens",
                 "--detect", "0.2", "--plot", "--plots", plots)  # fmt: skip
    assert said.code == 0 and "matched k: small with majority − large with majority" in said.out
    assert "20 points would need" in said.err
    assert {file.name for file in (plots / "s").iterdir()} == {"compare.svg", "compare.png"}


@pytest.mark.parametrize(
    ("names", "words", "named"),
    [
        (("", ":tiny"), [], "tiny"),
        (("", ""), ["--axis", "joules"], "joules"),
        (("", ""), ["--detect", "0"], "cannot be asked for"),
        (("", ":small:best:x"), [], "small:best"),
    ],
)
def test_what_cannot_be_compared(
    scale: Scale, run: Path, names: tuple[str, str], words: list[str], named: str
) -> None:
    assert named in scale("compare", *(f"{run}{name}" for name in names), *words).mistake
    assert "holds no run" in scale("compare", scale.folder, run).mistake
