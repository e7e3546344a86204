"""Which curves `RUN`, `RUN:MODEL` and `RUN:MODEL:SELECTOR` name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from scaling_cli.errors import LawError
from scaling_cli.laws.selectors import SELECTORS
from scaling_cli.recorded import Ask
from scaling_cli.store import RunFolder
from scaling_cli.summary import Series, series


@dataclass(frozen=True, slots=True)
class Selection:
    """A run, or the curves of one of its models, or of one selector; None: all of them."""

    folder: RunFolder
    model: str | None = None
    selector: str | None = None

    def __str__(self) -> str:
        return ":".join(filter(None, (self.folder.name, self.model, self.selector)))

    def curves(self, ask: Ask) -> list[Series]:
        """Its curves; LawError where there is none."""
        if self.selector is not None:
            ask = replace(ask, selectors=[self.selector])
        found = [
            one
            for one in series(self.folder, ask)
            if self.model in (None, one.fields["model"]) and one.chooses
        ]
        if not found:
            raise LawError(
                f"{self} names no curve that chooses an answer",
                "coverage and oracles know the right answer; best and weighted need a score",
            )
        return found


def parse_selection(text: str) -> Selection:
    """`RUN[:MODEL[:SELECTOR]]`; an empty MODEL means every model, as in `results/a::majority`."""
    path, model, selector = text, "", ""
    if not Path(text).exists():
        path, _, model = text.partition(":")
    folder = RunFolder.open(path)
    models = list(
        dict.fromkeys(str(c.details["model"]) for _, c in folder.read_manifest().ordered())
    )
    if model and model not in models:  # a model's own name may hold a colon
        model, _, selector = model.rpartition(":")
        if selector not in SELECTORS:
            model, selector = f"{model}:{selector}".strip(":"), ""
    if model and model not in models:
        raise LawError(f"{path} holds no model {model}", f"it holds: {', '.join(models)}")
    return Selection(folder, model or None, selector or None)
