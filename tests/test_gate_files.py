"""The committed baseline, the GitHub action and the examples of docs/check.md."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from scaling_cli.checking.baseline_file import read_baseline
from scaling_cli.checking.check import check
from scaling_cli.cli.main import app
from scaling_cli.cli.sweeps import read_sweep
from scaling_cli.sweep import cells
from tests.cli.command import Scale

ROOT = Path(__file__).parent.parent
ACTION = ROOT / ".github" / "actions" / "scale-check" / "action.yml"
PAGE = (ROOT / "docs" / "check.md").read_text()


def test_the_committed_baseline_is_of_the_gates_sweep() -> None:
    found = read_baseline(ROOT / ".ci" / "baseline.json")
    assert not found.edited
    sweep = read_sweep(ROOT / "sweeps" / "gate.yaml")
    asked = {
        (cell.model.name, cell.task.name, cell.sampler.temperature, cell.sampler.max_tokens,
         cell.samples, 40)
        for cell in cells(sweep)
    }  # fmt: skip
    held = {
        (one.model, one.task, one.facts["temperature"], one.facts["max_tokens"], one.ks[-1],
         len(one.question_ids))
        for one in found.snapshot.curves
    }  # fmt: skip
    assert held == asked and sweep.tasks[0].questions == 40
    assert check(found.snapshot, found.snapshot).regressions == []


def test_our_own_ci_runs_the_gate() -> None:
    assert "bash .ci/gate" in (ROOT / ".ci" / "run").read_text()
    for script in ("run", "gate"):
        subprocess.run(["bash", "-n", ROOT / ".ci" / script], check=True)


def step() -> dict[str, Any]:
    action = yaml.safe_load(ACTION.read_text())
    assert action["runs"]["using"] == "composite"
    (only,) = action["runs"]["steps"]
    read = set(re.findall(r"inputs\.([a-z-]+)", str(only["env"])))
    assert read == set(action["inputs"])
    return dict(only)


def run_action(folder: Path, code: int, **inputs: str) -> tuple[int, str, list[str]]:
    """The action's script with a stand-in for `scale` that notes its words and exits `code`."""
    stand_in = folder / "scale"
    stand_in.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {folder}/words\nexit {code}\n')
    stand_in.chmod(0o755)
    output = folder / "output"
    output.write_text("")
    given = {
        "RUN": "results/a", "BASELINE": "b.json", "AXIS": "flops", "TOLERANCE": "0",
        "COST_TOLERANCE": "0", "ALLOW": "", "CONFIRM": "false", "JUNIT": "c.xml",
        "SCALE": str(stand_in), "GITHUB_OUTPUT": str(output), "PATH": os.environ["PATH"], **inputs,
    }  # fmt: skip
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step()["run"]]
    done = subprocess.run(script, env=given, check=False)
    return done.returncode, output.read_text(), (folder / "words").read_text().splitlines()


@pytest.mark.parametrize(
    ("code", "verdict"), [(0, "passed"), (1, "regression"), (2, "cannot-compare")]
)
def test_the_action_passes_the_exit_code_on(tmp_path: Path, code: int, verdict: str) -> None:
    ended, output, words = run_action(tmp_path, code)
    assert (ended, output) == (code, f"verdict={verdict}\n")
    assert words[0] == "check" and words[-2:] == ["--", "results/a"] and "--github" in words


def test_the_action_judges_a_real_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command itself in place of the stand-in: annotations, summary, JUnit, verdict."""
    scale = Scale(tmp_path, capsys)
    for name, options in (("good", ""), ("dear", "mean_tokens: 100")):
        assert scale.run(scale.write(name, options=options)).code == 0
    assert scale("baseline", scale.results / "good", "-o", scale.folder / "b.json").code == 0
    command = scale.folder / "scale"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m scaling_cli.cli.main "$@"\n')
    command.chmod(0o755)
    names = {name: scale.folder / name for name in ("output", "summary.md", "c.xml")}
    verdicts = (("gone", 2, "cannot-compare"), ("dear", 1, "regression"), ("good", 0, "passed"))
    for run, code, verdict in verdicts:
        names["output"].write_text("")
        given = {
            **os.environ, "RUN": str(scale.results / run), "BASELINE": str(scale.folder / "b.json"),
            "AXIS": "flops", "TOLERANCE": "0", "COST_TOLERANCE": "0", "ALLOW": "",
            "CONFIRM": "false", "JUNIT": str(names["c.xml"]), "SCALE": str(command),
            "GITHUB_OUTPUT": str(names["output"]), "GITHUB_STEP_SUMMARY": str(names["summary.md"]),
        }  # fmt: skip
        script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step()["run"]]
        done = subprocess.run(script, env=given, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert names["output"].read_text() == f"verdict={verdict}\n"
        assert ("::error title=scale check::" in done.stdout) == (verdict == "regression")
    assert "no regression" in names["summary.md"].read_text().lower()
    assert names["c.xml"].read_text().startswith("<?xml")


def test_inputs_of_the_action_are_words_and_never_commands(tmp_path: Path) -> None:
    evil = "$(touch hacked); `touch hacked`"
    _, _, words = run_action(tmp_path, 0, RUN=evil, ALLOW="model engine", CONFIRM="true")
    assert words[-1] == evil and not (ROOT / "hacked").exists()
    assert words.count("--allow") == 2 and {"model", "engine", "--confirm"} <= set(words)
    assert "${{" not in step()["run"]


def options(command: str) -> set[str]:
    commands = getattr(typer.main.get_command(app), "commands")  # noqa: B009
    return {option for param in commands[command].params for option in param.opts}


def test_every_option_that_the_page_and_the_action_use_is_there() -> None:
    blocks = re.findall(r"```(?:yaml|sh)\n(.*?)```", PAGE, re.DOTALL)
    text = "\n".join([*blocks, (ROOT / ".ci" / "gate").read_text().replace("\\\n", " ")])
    lines = re.findall(r"scale (check|baseline|run) ([^\n#]*)", text)
    assert {command for command, _ in lines} == {"check", "baseline", "run"}
    for command, rest in lines:
        used = {word for word in shlex.split(rest) if word.startswith("-") and word != "-"}
        assert used <= options(command), (command, used)
    script = set(re.findall(r"--[a-z-]+", step()["run"]))
    assert script - {"--"} <= options("check")


def test_the_pages_yaml_is_yaml_and_uses_the_action_as_it_is() -> None:
    github, gitlab = (
        yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    )
    (use,) = (s for s in github["jobs"]["scale"]["steps"] if "scale-check" in s.get("uses", ""))
    assert (ROOT / use["uses"]).is_dir()
    assert set(use["with"]) <= set(yaml.safe_load(ACTION.read_text())["inputs"])
    assert gitlab["scale"]["artifacts"]["reports"]["junit"] == "check.xml"


def test_every_word_of_allow_is_explained() -> None:
    from scaling_cli.checking.pairs import ALLOWED

    for word in ALLOWED:
        assert f"`{word}`" in PAGE
