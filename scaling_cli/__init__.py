"""Inference-time scaling laws: sweeps, exact estimators, honest compute, frontiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scaling_cli.api import (
        accuracy,
        check,
        compare,
        fit,
        frontier,
        import_,
        load,
        plot,
        recommend,
        run,
    )

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "accuracy",
    "check",
    "compare",
    "fit",
    "frontier",
    "import_",
    "load",
    "plot",
    "recommend",
    "run",
]


def __getattr__(name: str) -> Any:
    """The API, imported when it is first asked for: `import scaling_cli` takes no time."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("scaling_cli.api"), name)


def __dir__() -> list[str]:
    return __all__
