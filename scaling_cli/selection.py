"""Which curves `RUN`, `RUN:MODEL`, `RUN:MODEL:SELECTOR` and `RUN:MODEL:SELECTOR:SEARCH` name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from scaling_cli.errors import LawError
from scaling_cli.laws.selectors import SELECTORS
from scaling_cli.recorded import Ask
from scaling_cli.store import RunFolder
from scaling_cli.summary import Series, series


@dataclass(frozen=True, slots=True)
class Selection:
    """A run, or the curves of one of its models, of one selector, of one generator and of the
    verifier that led it or scored its samples; None: all of them."""

    folder: RunFolder
    model: str | None = None
    selector: str | None = None
    strategy: str | None = None
    verifier: str | None = None

    def __str__(self) -> str:
        parts = self.folder.name, self.model, self.selector, self.generator
        return ":".join(filter(None, parts))

    @property
    def generator(self) -> str | None:
        """The generator as a selection names it: STRATEGY, or STRATEGY@VERIFIER."""
        if self.strategy is None:
            return None
        return self.strategy + ("" if self.verifier is None else f"@{self.verifier}")

    def curves(self, ask: Ask) -> list[Series]:
        """Its curves; LawError where there is none."""
        if self.selector is not None:
            ask = replace(ask, selectors=[self.selector])
        found = [
            one
            for one in series(self.folder, ask)
            if one.chooses
            and self.model in (None, one.fields["model"])
            and self.strategy in (None, one.fields["strategy"])
            and self.verifier in (None, one.fields["verifier"])
        ]
        if not found:
            raise LawError(
                f"{self} names no curve that chooses an answer",
                "coverage and oracles know the right answer; best and weighted need a score",
            )
        return found


def parse_selection(text: str) -> Selection:
    """`RUN[:MODEL[:SELECTOR]][:STRATEGY[@VERIFIER]]`; an empty MODEL means every model, as in
    `results/a::majority` and `results/a::rebase@judge`."""
    path, rest = text, ""
    if not Path(text).exists():
        path, _, rest = text.partition(":")
    folder = RunFolder.open(path)
    cells = [cell for _, cell in folder.read_manifest().ordered()]
    models = list(dict.fromkeys(str(cell.details["model"]) for cell in cells))
    strategies = {str(cell.details["strategy"]) for cell in cells} | {"greedy"}
    model, strategy, verifier = rest, "", ""
    if model not in models:
        model, strategy, verifier = _without_generator(rest, strategies)
    selector = ""
    if model and model not in models:  # a model's own name may hold a colon
        model, _, selector = model.rpartition(":")
        if selector not in SELECTORS:
            model, selector = f"{model}:{selector}".strip(":"), ""
    if model and model not in models:
        raise LawError(f"{path} holds no model {model}", f"it holds: {', '.join(models)}")
    return Selection(
        folder, model or None, selector or None, strategy or None, verifier or None
    )  # fmt: skip


def _without_generator(text: str, strategies: Collection[str]) -> tuple[str, str, str]:
    """What stands before the generator at the end, its strategy and its verifier."""
    before, _, last = text.rpartition(":")
    strategy, _, verifier = last.partition("@")
    return (before, strategy, verifier) if strategy in strategies else (text, "", "")
