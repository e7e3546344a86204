"""One thing that was looked at: what it is, how it stands, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "close", "absent", "broken", "differs"]
"""`absent` is a thing one may do without; `close` a number that rounding may explain."""
FAULTS = frozenset({"broken", "differs"})


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` is empty only where nothing need be done."""

    kind: str
    what: str
    state: State
    detail: str = ""
    remedy: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether something that is here does not work as it should."""
        return self.state in FAULTS
