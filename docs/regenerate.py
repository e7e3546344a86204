"""Runs what README and docs show, and writes the outputs anew: `make docs` (`--check` only looks).

Three kinds of blocks hold outputs. Of a `console` block every line that begins with `$ ` is run
and the lines after it are what it printed; a command that fails must be followed by `$ echo $?`.
A `python` block is run, and the `text` block right under it is what it printed; the blocks of a
page share their names. `python not-run` is left alone, as every other block is. docs/cli.md and
docs/schema.md are written whole.

A page is run from top to bottom in a scratch copy of the committed results and sweeps, without
weights, network, colours or terminal, so the same files give the same page on every machine.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("results", "sweeps", "docs/example")
BLOCK = re.compile(
    r"^```console\n(?P<console>.*?)^```\n"
    r"|^```python\n(?P<python>.*?)^```\n(?:```text\n.*?^```\n)?",
    re.MULTILINE | re.DOTALL,
)
SHELL = re.compile(r"[|<>&;$`*]")


class Broken(Exception):
    """A command of a page that does not end as the page says."""


def pages() -> list[Path]:
    """README, CONTRIBUTING and every page of the docs but the dated ones."""
    found = {ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")}
    return sorted((found | set(written_whole())) - {ROOT / "docs" / "LOG.md"})


def written_whole() -> dict[Path, Callable[[], str]]:
    """Pages that are made from code alone."""
    from scaling_cli.store.document import render

    return {ROOT / "docs" / "cli.md": help_page, ROOT / "docs" / "schema.md": render}


def help_page() -> str:
    """docs/cli.md before its commands are run: a block for every command's help."""
    lines = ["# Commands", "", "<!-- Written by `make docs`. -->", ""]
    lines += ["What every command says with `--help`."]
    for command in commands():
        title = " ".join(["scale", *command])
        lines += ["", f"## `{title}`", "", "```console", f"$ {title} --help", "```"]
    return "\n".join(lines) + "\n"


def commands() -> Iterator[tuple[str, ...]]:
    """The words of every command and group, the program itself first."""
    import typer

    from scaling_cli.cli.main import app

    def below(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        for name, inner in getattr(command, "commands", {}).items():
            yield from below(inner, (*words, name))

    yield from below(typer.main.get_command(app), ())


def regenerated(text: str) -> str:
    """The page's text with what its blocks print now, run in the working folder."""
    names: dict[str, Any] = {}

    def block(found: re.Match[str]) -> str:
        if found["console"] is not None:
            return f"```console\n{console(found['console'])}```\n"
        printed = python(found["python"], names)
        return f"```python\n{found['python']}```\n" + (
            f"```text\n{printed}```\n" if printed else ""
        )

    return BLOCK.sub(block, text)


def console(body: str) -> str:
    """A session: its commands as they were, each with what it prints now."""
    typed = re.findall(r"^\$ ((?:.*\\\n)*.*)\n", body, re.MULTILINE)
    lines, code = [], 0
    for number, command in enumerate(typed):
        if command == "echo $?":
            printed = f"{code}\n"
        else:
            code, printed = run(command.replace("\\\n", " "))
            if code and typed[number + 1 : number + 2] != ["echo $?"]:
                raise Broken(f"`{command}` ends with exit code {code}:\n{printed}")
        lines.append(f"$ {command}\n{printed}")
    return "".join(lines)


def run(command: str) -> tuple[int, str]:
    """Exit code and output of a command: `scale` alone in this process, all else in bash."""
    words = shlex.split(command)
    if words[0] == "scale" and not SHELL.search(command):
        return scale(words)
    done = subprocess.run(
        ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.returncode, tidy(done.stdout)


def scale(words: list[str]) -> tuple[int, str]:
    """The command line in this process, which saves a start of Python for each of many."""
    from scaling_cli.cli.main import main

    code, before, out = 0, sys.argv, io.StringIO()
    sys.argv = words
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.argv = before
    return code, tidy(out.getvalue())


def python(code: str, names: dict[str, Any]) -> str:
    """What a piece of Python prints; the names it makes stay for the next."""
    out, told = io.StringIO(), io.StringIO()  # what is told on the way, to stderr, is no result
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        try:
            exec(compile(code, "<docs>", "exec"), names)
        except Exception as error:
            raise Broken(f"{type(error).__name__}: {error}\nin\n{code}") from error
    return tidy(out.getvalue())


def tidy(printed: str) -> str:
    """Without blanks at the ends of lines, nor empty lines around all."""
    lines = "\n".join(line.rstrip() for line in printed.splitlines()).strip("\n")
    return f"{lines}\n" if lines else ""


@contextlib.contextmanager
def scratch(committed: list[str]) -> Iterator[None]:
    """A folder with copies of the committed files, as the working folder."""
    with tempfile.TemporaryDirectory() as folder:
        for name in committed:
            copy = Path(folder, name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy)
        with contextlib.chdir(folder):
            yield


def committed_files() -> list[str]:
    """What git has, or would take, of the files that commands may read."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *COPIED]
    done = subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).exists()]


def fixed_environment(cache: str) -> dict[str, str]:
    """Nothing of this machine: one width, no colour, no weights, one order of hashes."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {
        "PATH": path, "HOME": os.environ.get("HOME", str(ROOT)), "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8", "TERM": "dumb",
        "COLUMNS": "100", "NO_COLOR": "1", "MPLBACKEND": "agg", "SCALE_CACHE": cache,
        "HF_HUB_OFFLINE": "1", "SCALE_DOCS": "fixed",
    }  # fmt: skip


def bring_up_to_date(page: Path, committed: list[str], *, check: bool) -> str | None:
    """Write the page anew, or look only; a sentence if it is broken or, when looked at, stale."""
    name, make = page.relative_to(ROOT), written_whole().get(page)
    before = page.read_text() if page.exists() else ""
    try:
        with scratch(committed):
            after = regenerated(before if make is None else make())
    except Broken as broken:
        return f"{name} is broken: {broken}"
    if after == before:
        return None
    if check:
        changes = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
        shown = "\n".join(list(changes)[2:22])
        return f"{name} is stale; `make docs` writes it anew:\n{shown}"
    page.write_text(after)
    print(f"wrote {name}")
    return None


def main() -> int:
    """Every page, or those named; exit code 1 if one is broken, or stale with --check."""
    if os.environ.get("SCALE_DOCS") != "fixed":
        with tempfile.TemporaryDirectory() as cache:
            again = [sys.executable, __file__, *sys.argv[1:]]
            return subprocess.run(again, env=fixed_environment(cache)).returncode
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pages", nargs="*", type=Path, help="without any, all of them")
    parser.add_argument("--check", action="store_true", help="write nothing, name what is stale")
    asked = parser.parse_args()
    wanted = [page.resolve() for page in asked.pages] or pages()
    committed = committed_files()
    wrong = [bring_up_to_date(page, committed, check=asked.check) for page in wanted]
    for sentence in filter(None, wrong):
        print(sentence, file=sys.stderr)
    return 1 if any(wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
