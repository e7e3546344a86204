"""The command itself: help with examples, mistakes in two lines, nothing heavy before it is due."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import typer

from scaling_cli import __version__
from scaling_cli.cli.main import app
from tests.cli.command import Scale

ROOT = Path(__file__).parents[2]

HEAVY = (
    "torch vllm numpy scipy pyarrow matplotlib pandas transformers datasets httpx yaml "
    "huggingface_hub tokenizers gguf xllamacpp math_verify sympy reasoning_gym jinja2"
).split()
"""Pydantic is not among them: Typer itself takes it for a command's arguments where it is there."""


def commands() -> list[list[str]]:
    """Every command's words, groups included."""

    def below(command: click.Command, words: list[str]) -> list[list[str]]:
        children = getattr(command, "commands", {})
        return [words, *(w for name, c in children.items() for w in below(c, [*words, name]))]

    return below(typer.main.get_command(app), [])


def test_the_version_and_nothing_else(scale: Scale) -> None:
    said = scale("--version")
    assert (said.code, said.out.split()) == (0, ["scale", __version__])


def test_every_promised_command_is_there() -> None:
    names = {" ".join(words) for words in commands()}
    assert {"run", "status", "accuracy", "frontier", "grade", "doctor"} <= names
    for group in ("models", "tasks", "strategies", "verifiers"):
        assert {f"{group} list", f"{group} show"} <= names
    assert "models pull" in names


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_help_says_what_it_does_and_gives_an_example(scale: Scale, words: list[str]) -> None:
    said = scale(*words, "--help")
    assert said.code == 0 and "Usage" in said.out
    wanted = r"\s+".join(["scale", *words])
    assert re.search(rf"Example:\s+{wanted}", said.out), said.out


@pytest.mark.parametrize("words", [w for w in commands() if w], ids=" ".join)
def test_every_table_can_be_had_as_json(scale: Scale, words: list[str]) -> None:
    if words[-1] not in ("pull", "models", "tasks", "strategies", "verifiers"):
        assert "--json" in scale(*words, "--help").out


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["frontier", "--help"]], ids=" ".join
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from scaling_cli.cli.main import main; "
        f"sys.argv = ['scale', *{arguments}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('|', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stdout.rpartition("|")[2].split()
    assert "scaling_cli" in loaded
    assert not set(HEAVY) & set(loaded)


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("scale ", ["run", "frontier", "models"]),
        ("scale fron", ["frontier"]),
        ("scale models ", ["list", "show", "pull"]),
        ("scale frontier --ax", ["--axis"]),
        ("scale accuracy --by ", ["level", "subject"]),
        ("scale frontier --axis ", ["flops_2nt", "eflops", "dollars"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_shell_completes_commands_options_and_values(words: str, completed: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'scale'\n"
         "from scaling_cli.cli.main import main; main()"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "_SCALE_COMPLETE": "complete_bash",
             "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))},
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert set(completed) <= set(done.stdout.split()), done


@pytest.mark.parametrize("words", [["nonsense"], ["run"], ["run", "x.yaml", "--nonsense"]])
def test_an_unknown_word_exits_2(scale: Scale, words: list[str]) -> None:
    said = scale(*words)
    assert said.code == 2 and said.out == "" and said.err


def test_debug_shows_the_traceback(scale: Scale) -> None:
    from scaling_cli.errors import ScaleError

    with pytest.raises(ScaleError):
        scale("--debug", "status", scale.folder)


def test_the_package_runs_as_the_command() -> None:
    words = [sys.executable, "-m", "scaling_cli", "--version"]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.startswith("scale ") and said.stderr == ""
