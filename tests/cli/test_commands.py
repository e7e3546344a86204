"""The command line as a person and as a program meet it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SWEEP = """
name: tiny
engine: {name: fake, skill: 0.5}
models: [small, {name: large, engine: {name: fake, skill: 1.5}}]
tasks: [{name: sums.jsonl, data: sums.jsonl}]
samples: 4
max_tokens: 100
"""


def scale(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scaling_cli.cli.main", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sweep of the fake engine, run once."""
    path = tmp_path_factory.mktemp("cli")
    rows = [
        {"question": f"{i}+{i}?", "answer": str(2 * i), "level": str(i % 2)} for i in range(1, 9)
    ]
    (path / "sums.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (path / "tiny.yaml").write_text(SWEEP)
    result = scale("run", "tiny.yaml", cwd=path)
    assert result.returncode == 0, result.stderr
    return path


@pytest.mark.parametrize(
    "words",
    [
        ["status", "results/tiny"],
        ["accuracy", "results/tiny"],
        ["accuracy", "results/tiny", "--by", "level", "--unanswered", "class"],
        ["frontier", "results/tiny", "--no-draw"],
        ["run", "tiny.yaml"],
        ["run", "tiny.yaml", "--dry-run", "--set", "samples=6"],
        ["grade", "results/tiny"],
        ["models", "list"],
        ["tasks", "list"],
        ["strategies", "list"],
        ["strategies", "show", "sampling"],
        ["tasks", "show", "sums.jsonl", "--index", "2"],
    ],
    ids=" ".join,
)
def test_json_is_one_object_of_rows_and_nothing_else(words: list[str], folder: Path) -> None:
    result = scale(*words, "--json", cwd=folder)
    assert result.returncode == 0, result.stderr
    content = json.loads(result.stdout)
    assert list(content) == ["rows"] and content["rows"]


def test_an_accuracy_row_has_every_agreed_field(folder: Path) -> None:
    agreed = (
        "run cell model engine task task_revision strategy params verifier selector k max_tokens "
        "samples questions accuracy lo hi mc_error truncated unanswered tokens verifier_tokens "
        "flops flops_policy flops_verifier flops_uncached flops_engine flops_2nt seconds "
        "extrapolated".split()
    )
    rows = json.loads(scale("accuracy", "results/tiny", "--json", cwd=folder).stdout)["rows"]
    assert all(set(agreed) <= set(row) for row in rows)
    assert all(row["lo"] <= row["accuracy"] <= row["hi"] for row in rows)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "absent.yaml"], "absent.yaml"),
        (["run", "tiny.yaml", "--set", "engine=vlm"], "vllm"),
        (["run", "tiny.yaml", "--set", "smaples=3"], "samples"),
        (["run", "tiny.yaml", "--data", "gsm8k"], "TASK=FILE"),
        (["status", "results/none"], "holds no run"),
        (["accuracy", "results/tiny", "--selector", "median"], "majority"),
        (["frontier", "results/tiny", "--axis", "joules"], "flops"),
        (["models", "show", "gpt"], "there is no model"),
        (["tasks", "show", "gsm8"], "gsm8k"),
        (["strategies", "show", "beem"], "sampling"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_mistake_is_two_lines_and_exit_2(words: list[str], said: str, folder: Path) -> None:
    result = scale(*words, cwd=folder)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.startswith("error: ") and said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_run_with_failures_exits_1_and_the_next_repairs_it(folder: Path) -> None:
    words = ["run", "tiny.yaml", "--set", "name=failing"]
    first = scale(*words, "--set", "engine.fail_rate=0.3", cwd=folder)
    assert first.returncode == 1 and "stay in the denominator" in first.stderr
    assert scale(*words, cwd=folder).returncode == 0


def test_figures_are_written_in_both_formats(folder: Path) -> None:
    assert scale("accuracy", "results/tiny", "--plot", cwd=folder).returncode == 0
    assert scale("frontier", "results/tiny", cwd=folder).returncode == 0
    names = {path.name for path in (folder / "plots" / "tiny").iterdir()}
    assert names == {f"{n}.{e}" for n in ("accuracy", "frontier", "error") for e in ("svg", "png")}


def test_half_a_parquet_part_is_named_and_nothing_else_is_lost(folder: Path) -> None:
    assert scale("run", "tiny.yaml", "--set", "name=cut", cwd=folder).returncode == 0
    part = sorted((folder / "results" / "cut" / "candidates").glob("*.parquet"))[0]
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    result = scale("accuracy", "results/cut", cwd=folder)
    assert result.returncode == 2 and part.name in result.stderr
