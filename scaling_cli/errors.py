"""The errors a user sees: one sentence that says what is wrong, one that says what to do."""

from __future__ import annotations


class ScaleError(Exception):
    """A mistake the user can mend: printed as `error:` and `hint:`, exit code 2."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


def first_error(group: BaseExceptionGroup[ScaleError]) -> ScaleError:
    """The first error in a group, however deep: of tasks that failed together it speaks for all."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ScaleError)
    return error


class SweepError(ScaleError):
    """A sweep file that says something `scale` cannot run."""


class ModelError(ScaleError):
    """Weights, a tokenizer or a configuration that is absent, altered or not understood."""


class TaskError(ScaleError):
    """Questions that cannot be found or read."""


class EngineError(ScaleError):
    """An engine that cannot be started or has stopped answering."""


class StoreError(ScaleError):
    """A results folder that is damaged, held by another process or cannot be written."""


class LawError(ScaleError):
    """Data from which the asked quantity cannot be computed."""


class EngineDied(EngineError):
    """An engine that answers nothing any more: the run stops, what is recorded stays."""


class CallFailed(EngineError):
    """A call that failed and was recorded as failed: its question cannot go on this time."""
