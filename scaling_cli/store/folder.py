"""One results folder: where its files lie, and reading and writing each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaling_cli.errors import StoreError
from scaling_cli.store import lock, parts
from scaling_cli.store.atomic import remove_leftovers
from scaling_cli.store.manifest import Run, read_json, read_manifest, write_json, write_manifest
from scaling_cli.store.questions import appended, question_rows, text_rows, to_questions
from scaling_cli.store.schema import PARTS
from scaling_cli.store.tables import Rows, canonical
from scaling_cli.types import Question, SampleBank

if TYPE_CHECKING:
    import pyarrow as pa

    from scaling_cli.store.bank import BoxedEvents, Extraction
    from scaling_cli.types import FloatArray

CELL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=-]{0,99}")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """`results/<sweep>/`. Readers need no lock; whoever writes holds `lock()`."""

    path: Path

    @classmethod
    def create(cls, path: Path | str) -> RunFolder:
        """The folder, made if it is not there."""
        folder = cls(Path(path))
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{path} cannot be made: {error.strerror}", "choose another results folder"
            ) from error
        return folder

    @classmethod
    def open(cls, path: Path | str) -> RunFolder:
        """A folder that holds a run."""
        folder = cls(Path(path))
        if not folder.manifest_path.is_file():
            raise StoreError(
                f"{path} holds no run: there is no run.json in it",
                "name a folder that `scale run` has filled, such as results/quickstart",
            )
        return folder

    @property
    def name(self) -> str:
        return self.path.resolve().name

    @property
    def manifest_path(self) -> Path:
        return self.path / "run.json"

    @property
    def fits_path(self) -> Path:
        return self.path / "fits.json"

    def part_path(self, kind: str, cell: str = "") -> Path:
        """Where a part lies; `questions`, `texts` and `summary` belong to no cell."""
        template = PARTS[kind].path
        return self.path / (
            template.replace("<cell>", _safe(cell)) if "<" in template else template
        )

    def journal_path(self, cell: str) -> Path:
        return self.path / "journal" / f"{_safe(cell)}.jsonl"

    @contextmanager
    def lock(self, command: str | None = None) -> Iterator[None]:
        """Be the folder's only writer; a second one gets a `StoreError` that names the first."""
        with lock.hold(self.path / ".lock", command):
            remove_leftovers(self.path)
            yield

    def writer(self) -> str | None:
        """Who is writing the run now; None where nobody is."""
        return lock.holder(self.path / ".lock")

    def cells(self, kind: str) -> list[str]:
        """The cells that have a part of this kind."""
        files = (self.path / kind).glob("*.parquet")
        return sorted(file.stem for file in files if file.name != "questions.parquet")

    def has_part(self, kind: str, cell: str = "") -> bool:
        return self.part_path(kind, cell).is_file()

    def write_part(
        self, kind: str, cell: str, rows: Rows | pa.Table, *, order: Sequence[str] | None = None
    ) -> None:
        """Replace a part in one step, its rows checked and in canonical order."""
        parts.write_table(self.part_path(kind, cell), canonical(kind, rows, order))

    def read_part(self, kind: str, cell: str, columns: Sequence[str] | None = None) -> pa.Table:
        return parts.read_table(self.part_path(kind, cell), kind, columns)

    def remove_part(self, kind: str, cell: str) -> None:
        self.part_path(kind, cell).unlink(missing_ok=True)

    def merge_bank(self, cell: str, rows: Rows | pa.Table) -> None:
        """Add samples. A recorded sample is never replaced; a failed one is, by its redraw."""
        self._merge("bank", cell, rows, newest=False)

    def merge_candidates(self, cell: str, rows: Rows | pa.Table) -> None:
        """Add graded answers; those graded anew replace the old, the others stay."""
        self._merge("candidates", cell, rows, newest=True)

    def replace_questions(self, kind: str, cell: str, rows: Rows, questions: set[str]) -> None:
        """Write the rows of these questions in place of those that stand there."""
        import pyarrow as pa
        import pyarrow.compute as pc

        table = canonical(kind, rows)
        if self.has_part(kind, cell):
            before = self.read_part(kind, cell)
            old = pc.is_in(before["question_id"], value_set=pa.array(sorted(questions)))
            table = pa.concat_tables([before.filter(pc.invert(old)), table])
        self.write_part(kind, cell, table)

    def _merge(self, kind: str, cell: str, rows: Rows | pa.Table, *, newest: bool) -> None:
        table = canonical(kind, rows)
        if self.has_part(kind, cell):
            table = parts.merge(kind, self.read_part(kind, cell), table, newest=newest)
        self.write_part(kind, cell, table)

    def recorded(self, cell: str) -> set[tuple[str, int]]:
        """(question_id, sample) that need not be drawn again; failed ones are not among them.

        Candidates count beside the raw bank, which is not committed and may be absent or
        hold only what was drawn since.
        """
        found: set[tuple[str, int]] = set()
        columns = {"bank": ["sample", "error"], "candidates": ["index", "error", "score_error"]}
        for kind, names in columns.items():
            minor = names[0]
            if self.has_part(kind, cell):
                table = self.read_part(kind, cell, ["question_id", *names])
                found |= parts.recorded_rows(table, minor)
        return found

    def has_ungraded(self, cell: str) -> bool:
        """Whether the raw bank holds samples that have no graded answer."""
        if not self.has_part("bank", cell):
            return False
        names = [("bank", "sample"), ("candidates", "index")]
        drawn, graded = (
            parts.row_keys(self.read_part(kind, cell, ["question_id", minor]), minor)
            if self.has_part(kind, cell)
            else set()
            for kind, minor in names
        )
        return bool(drawn - graded)

    def sample_bank(
        self,
        cell: str,
        *,
        extraction: Extraction = "lenient",
        cap: int | None = None,
        score: str = "logprob_mean",
    ) -> tuple[SampleBank, BoxedEvents]:
        """The cell's graded answers as arrays, and every strict answer with its position."""
        from scaling_cli.store.bank import bank_columns, to_bank

        path = self.part_path("candidates", cell)
        table = parts.read_table(path, "candidates", bank_columns(score), coded=True)
        order = self.question_ids() if self.has_part("questions") else None
        return to_bank(table, order=order, extraction=extraction, cap=cap, score=score)

    def spent(self, cell: str) -> tuple[FloatArray, FloatArray]:
        """Cached prompt tokens and seconds of every sample, placed as in `sample_bank`."""
        from scaling_cli.store.bank import to_spent

        names = ["question_id", "index", "cached_tokens", "seconds"]
        table = parts.read_table(
            self.part_path("candidates", cell), "candidates", names, coded=True
        )
        order = self.question_ids() if self.has_part("questions") else None
        return to_spent(table, order=order)

    def write_questions(self, questions: Sequence[Question]) -> None:
        """Record questions and, beside the bank, their texts; earlier ones are kept behind."""
        for kind, rows in (("questions", question_rows), ("texts", text_rows)):
            table = canonical(kind, rows(questions))
            if self.has_part(kind):
                table = appended(table, self.read_part(kind, ""))
            self.write_part(kind, "", table)

    def read_questions(self) -> list[Question]:
        """The run's questions in order; texts are empty where they are not at hand."""
        texts = self.read_part("texts", "").to_pydict() if self.has_part("texts") else {}
        by_id = dict(zip(texts.get("question_id", []), texts.get("text", []), strict=True))
        return to_questions(self.read_part("questions", ""), by_id)

    def question_ids(self) -> list[str]:
        ids: list[str] = self.read_part("questions", "", ["question_id"])[0].to_pylist()
        return ids

    def write_summary(self, rows: Rows | pa.Table) -> None:
        """Replace the accuracy rows, in the order given."""
        self.write_part("summary", "", rows)

    def read_summary(self) -> pa.Table:
        return self.read_part("summary", "")

    def write_manifest(self, run: Run) -> None:
        write_manifest(self.manifest_path, run)

    def read_manifest(self) -> Run:
        return read_manifest(self.manifest_path)

    def write_fits(self, fits: Mapping[str, Any]) -> None:
        write_json(self.fits_path, fits)

    def read_fits(self) -> dict[str, Any]:
        return read_json(self.fits_path)


def run_folders(results: Path | str) -> list[RunFolder]:
    """The runs below a results folder, by name."""
    return [RunFolder(file.parent) for file in sorted(Path(results).glob("*/run.json"))]


def _safe(cell: str) -> str:
    # A cell's name becomes a file's name: nothing in it may lead out of the folder, nor
    # stand for the questions' texts, which lie beside the banks.
    if not CELL_NAME.fullmatch(cell) or cell == "questions":
        raise StoreError(f"{cell!r} cannot be a cell's name", "use the cell's key")
    return cell
