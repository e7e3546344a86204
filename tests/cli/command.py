"""The command line as a test calls it: in this process, with its exit code and both streams."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from scaling_cli.cli.main import main

SWEEP = """
engine: {{name: fake, skill: 0.5, {options}}}
models: [{models}]
tasks: [{{name: sums.jsonl, data: {data}}}]
samples: 6
max_tokens: 120
"""


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The one JSON object that stands on stdout."""
        found = json.loads(self.out)
        assert list(found) == ["rows"] and isinstance(found["rows"], list)
        rows: list[dict[str, Any]] = found["rows"]
        return rows

    @property
    def mistake(self) -> str:
        """The sentence of a user's mistake, which must come with a hint and nothing on stdout."""
        assert self.code == 2 and self.out == "" and "Traceback" not in self.err, self
        lines = self.err.splitlines()
        errors = [line for line in lines if line.startswith("error: ")]
        hints = [line for line in lines if line.startswith("hint: ")]
        assert len(errors) == 1 and len(hints) == 1, self.err
        return errors[0]


class Scale:
    """`scale(...)` runs a command; `write` makes a sweep file on 8 sums of two levels."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.results = folder / "results"

    def __call__(self, *arguments: object) -> Said:
        self._capsys.readouterr()
        code = 0
        with patch.object(sys, "argv", ["scale", *map(str, arguments)]):
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        streams = self._capsys.readouterr()
        return Said(code, streams.out, streams.err)

    def write(self, name: str = "s", *, models: str = "small, large", options: str = "") -> Path:
        data = self.folder / "sums.jsonl"
        data.write_text(
            "\n".join(
                json.dumps({"question": f"{i} + {i}?", "answer": str(2 * i), "level": 1 + i % 2})
                for i in range(1, 9)
            )
        )
        file = self.folder / f"{name}.yaml"
        file.write_text(SWEEP.format(models=models, options=options, data=data))
        return file

    def run(self, file: Path, *arguments: object) -> Said:
        return self("run", file, "--results", self.results, *arguments)
