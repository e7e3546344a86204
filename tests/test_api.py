"""The ten functions: the rows of the commands, typed, lazy, and in a notebook's event loop too."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import scaling_cli as scale
from scaling_cli import api
from scaling_cli.errors import LawError, ScaleError, StoreError, TaskError
from scaling_cli.store import RunFolder
from tests.cli.command import Scale
from tests.small_run import small_run

ROOT = Path(__file__).parent.parent
TEN = ("load", "run", "accuracy", "frontier", "fit", "recommend", "compare", "check", "plot",
       "import_")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    models = {"small": {"skill": 0.0}, "large": {"skill": 1.5}}
    return small_run(tmp_path_factory.mktemp("api"), models, questions=20, samples=8)


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Scale:
    return Scale(tmp_path, capsys)


def test_the_ten_stand_at_the_top_and_no_module_stands_in_their_way() -> None:
    assert set(scale.__all__) == {"__version__", *TEN} == {"__version__", *api.__all__}
    assert set(dir(scale)) >= set(TEN)
    for name in TEN:
        assert getattr(scale, name) is getattr(api, name)
        # A submodule of that name would take its place as soon as anyone imported it.
        assert find_spec(f"scaling_cli.{name}") is None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        scale.nonsense  # noqa: B018


def test_every_function_is_typed_and_says_what_it_does() -> None:
    for name in TEN:
        function = getattr(scale, name)
        assert function.__doc__
        parameters = inspect.signature(function).parameters.values()
        assert all(parameter.annotation is not parameter.empty for parameter in parameters), name
    assert get_type_hints(api.accuracy)["return"] == list[dict[str, Any]]


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys; old = {*sys.modules}; import scaling_cli; print(*{*sys.modules} - old)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "scaling_cli.api" not in done.stdout.split()
    assert not loaded & {"numpy", "pyarrow", "typer", "pydantic", "scipy", "matplotlib"}


def same(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> bool:
    """Equal as JSON, where NaN is null."""
    text = json.dumps(ours, default=lambda value: value.item()).replace("NaN", "null")
    return bool(json.loads(text) == theirs)


def test_rows_are_those_of_the_commands(folder: RunFolder, command: Scale) -> None:
    path = folder.path
    pairs = [
        (scale.accuracy(path, caps=None), ["accuracy", path]),
        (scale.accuracy(path, selectors=["first"], by="level", caps=None),
         ["accuracy", path, "--selector", "first", "--by", "level"]),
        (scale.frontier(path, axis="tokens"),
         ["frontier", path, "--axis", "tokens", "--no-draw"]),
        (scale.frontier(path, axis="dollars", dollars_per_million=["1,2"]),
         ["frontier", path, "--axis", "dollars", "--dollars-per-million", "1,2",
          "--no-draw"]),
        (scale.recommend(path, budget=500, axis="tokens"),
         ["recommend", path, "--budget", "500", "--axis", "tokens"]),
        (scale.compare(f"{path}:large", f"{path}:small", axis="tokens"),
         ["compare", f"{path}:large", f"{path}:small", "--axis", "tokens"]),
        (scale.fit(path, laws=["coverage"]), ["fit", path, "--law", "coverage"]),
        (scale.check(path, path), ["check", path, "--baseline", path]),
    ]  # fmt: skip
    for rows, words in pairs:
        assert rows and same(rows, command(*words, "--json").rows), words


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models whose right answer has the best score and is outvoted two to one: summed scores
    make it right (0.9 > 0.4 + 0.4), summed logistics of them do not, nor does a vote of all."""
    where = tmp_path_factory.mktemp("scored")
    answers = [("1", 0.9), ("2", 0.4), ("2", 0.4)]
    lines = [
        {"question_id": str(q), "model": model, "answer": answer, "gold": "1", "score": score,
         "new_tokens": 10}
        for q in range(8) for model in ("a", "b") for answer, score in answers
    ]  # fmt: skip
    (where / "x.jsonl").write_text("\n".join(map(json.dumps, lines)))
    scale.import_("samples", where / "x.jsonl", where / "r", task="t")
    return where / "r"


CHANGES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("best-majority", {"keep": 2}, ["--keep", "2"]),
    ("weighted", {"weight_map": "logistic"}, ["--weight-map", "logistic"]),
]


@pytest.mark.parametrize(("selector", "options", "changed"), CHANGES, ids=["keep", "weight_map"])
@pytest.mark.parametrize("name", ["accuracy", "frontier", "recommend", "compare"])
def test_votes_by_scores_are_asked_for_as_on_the_command_line(
    scored: Path, command: Scale, name: str, selector: Any, options: Any, changed: list[str]
) -> None:
    asks: dict[str, tuple[dict[str, Any], list[str]]] = {
        "accuracy": ({"caps": None}, []),
        "frontier": ({"axis": "tokens"}, ["--axis", "tokens", "--no-draw"]),
        "recommend": ({"axis": "tokens", "budget": 500}, ["--axis", "tokens", "--budget", "500"]),
        "compare": ({"axis": "tokens"}, ["--axis", "tokens"]),
    }
    named, words = asks[name]
    sides = [f"{scored}:a", f"{scored}:b"] if name == "compare" else [str(scored)]
    rows = getattr(scale, name)(*sides, selectors=[selector], **named, **options)
    line = [name, *sides, *words, "--selector", selector, *changed, "--json"]
    assert rows and same(rows, command(*line).rows)


def test_a_map_and_how_many_are_kept_change_who_wins(scored: Path) -> None:
    def last(**asked: Any) -> float:
        value: float = scale.accuracy(scored, ks=[3], **asked)[-1]["accuracy"]
        return value

    assert last(selectors=["weighted"]) == 1
    assert last(selectors=["weighted"], weight_map="logistic") == 0
    assert last(selectors=["best-majority"]) == 0
    assert last(selectors=["best-majority"], keep=2) == pytest.approx(0.5)
    assert last(selectors=["best-majority"], keep=1) == pytest.approx(1)


def test_a_figure_draws_the_votes_that_are_asked_for(folder: RunFolder) -> None:
    import matplotlib.pyplot as plt

    def heights(keep: int) -> list[float]:
        figure = scale.plot(folder, kind="accuracy", selectors=["best-majority"], keep=keep)
        plt.close(figure)
        return [y for axes in figure.axes for y in axes.lines[0].get_ydata()]

    best = [r["accuracy"] for r in scale.accuracy(folder, selectors=["best"])]
    assert heights(1) == pytest.approx(best) and heights(8) != pytest.approx(best)


def test_a_run_is_named_by_path_or_as_loaded(folder: RunFolder) -> None:
    loaded = scale.load(folder.path)
    assert loaded == folder and scale.load(loaded) is loaded
    rows = scale.accuracy(folder, selectors=["first"], ks=[1])
    assert rows == scale.accuracy(str(folder.path), selectors=["first"], ks=[1])
    assert len(scale.accuracy(folder, folder, selectors=["first"], ks=[1])) == 2 * len(rows)
    assert {row["verdict"] for row in scale.compare(folder, folder)} == {"undecided"}
    assert {row["verdict"] for row in scale.check(folder, folder)} == {"equal"}


def test_fitting_leaves_the_run_alone(folder: RunFolder) -> None:
    before = sorted(folder.path.rglob("*"))
    scale.fit(folder, laws=["coverage"])
    assert sorted(folder.path.rglob("*")) == before


@pytest.mark.parametrize("kind", ["frontier", "error", "accuracy", "heatmap", "coverage"])
def test_every_kind_of_figure_is_drawn_and_not_saved(
    folder: RunFolder, kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    figure = scale.plot(folder, kind=kind)
    assert len(figure.axes) >= 1 and not [*tmp_path.iterdir()]
    plt.close(figure)


def test_a_figure_of_two(folder: RunFolder) -> None:
    import matplotlib.pyplot as plt

    figure = scale.plot(f"{folder.path}:large", f"{folder.path}:small", kind="compare")
    assert figure.axes
    plt.close(figure)
    with pytest.raises(LawError, match="of two"):
        scale.plot(folder, kind="compare")


def test_a_sweep_is_run_and_extended(command: Scale) -> None:
    file = command.write()
    first = scale.run(file, results=command.results, settings={"samples": 2}, limit=4)
    assert [(row["samples"], row["state"]) for row in first] == [
        (4, "complete"),
        (8, "complete"),
    ] * 2
    more = scale.run(file, results=command.results)
    assert [row["samples"] for row in more] == [8, 48] * 2


async def test_a_sweep_is_run_inside_an_event_loop(command: Scale) -> None:
    rows = scale.run(command.write(models="small"), results=command.results)
    assert {row["state"] for row in rows} == {"complete"}


def test_samples_are_imported_and_remarks_said(tmp_path: Path) -> None:
    source = tmp_path / "x.jsonl"
    lines = [{"question_id": str(i), "answer": str(i % 2), "gold": "1"} for i in range(10)]
    source.write_text("\n".join(map(json.dumps, [*lines, {"no": "question"}])))
    said: list[str] = []
    config = ROOT / "sweeps" / "architectures" / "llama-3-8b-instruct.json"
    (row,) = scale.import_(
        "samples", source, tmp_path / "r", model="m", task="t", config=config, prompt_tokens=9,
        say=said.append,
    )  # fmt: skip
    assert (row["samples"], row["accuracy"]) == (10, 0.5)
    assert any("left out" in line for line in said)
    assert {r["model"] for r in scale.accuracy(tmp_path / "r")} == {"m"}


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda f: scale.load(f.path / "nowhere"), StoreError, "holds no run"),
        (lambda f: scale.accuracy(), LawError, "no run is named"),
        (lambda f: scale.accuracy(f, selectors=["median"]), LawError, "median"),
        (lambda f: scale.accuracy(f, extraction="loose"), LawError, "loose"),
        (lambda f: scale.accuracy(f, by="age"), LawError, "age"),
        (lambda f: scale.accuracy(f, weight_map="square"), LawError, "square"),
        (lambda f: scale.accuracy(f, selectors=["best-majority"], keep=0), LawError, "at least 1"),
        (lambda f: scale.accuracy(f, ks=[99]), LawError, "that many samples"),
        (lambda f: scale.frontier(f, axis="joules"), LawError, "joules"),
        (lambda f: scale.fit(f, laws=["gravity"]), LawError, "gravity"),
        (lambda f: scale.plot(f, kind="pie"), LawError, "pie"),
        (lambda f: scale.recommend(f, budget=1e-3), LawError, "buy no right answer"),
        (lambda f: scale.check(f, f.path / "x.json"), ScaleError, "x.json"),
        (lambda f: scale.import_("telepathy", f.path, f.path / "o"), TaskError, "telepathy"),
        (lambda f: scale.run(f.path / "none.yaml"), ScaleError, "none.yaml"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_sentence(folder: RunFolder, call: Any, kind: Any, said: str) -> None:
    with pytest.raises(kind, match=said) as mistake:
        call(folder)
    assert mistake.value.hint


def test_an_empty_run_and_one_being_written(tmp_path: Path, command: Scale) -> None:
    assert command.run(command.write(options="die_after: 1")).code == 2
    with pytest.raises(StoreError, match="no graded answers yet"):
        scale.accuracy(command.results / "s")
    with (
        RunFolder(command.results / "s").lock("scale run"),
        pytest.raises(StoreError, match="held"),
    ):
        scale.run(command.write(), results=command.results)
