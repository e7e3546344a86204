"""A model's chat template, rendered in a sandbox."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from scaling_cli.errors import ModelError
from scaling_cli.types import Message

TODAY = datetime(2024, 7, 26)
"""The date every template is told: with the real one a prompt, and so a bank, would change
overnight. It is the one that Llama 3's templates fall back to."""


def render_chat(
    template: str,
    messages: Sequence[Message],
    *,
    bos: str,
    eos: str,
    add_generation_prompt: bool = True,
) -> str:
    """The template's text, ending where the answer begins if one is due.

    Raises ModelError where the template is broken, refuses, or reaches outside its sandbox.
    """
    try:
        return str(
            _environment()
            .from_string(template)
            .render(
                messages=[{"role": m.role, "content": m.content} for m in messages],
                add_generation_prompt=add_generation_prompt,
                bos_token=bos,
                eos_token=eos,
            )
        )
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"the model's chat template fails: {error}", "use the prompt style few-shot"
        ) from error


def _environment() -> Any:
    """What published templates expect: the same blocks, filters and functions everywhere."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = _to_json
    environment.globals |= {"raise_exception": _refuse, "strftime_now": TODAY.strftime}
    return environment


def _to_json(value: Any, indent: int | None = None) -> str:
    # Jinja's own filter escapes for HTML, which would change what the model reads.
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> None:
    raise ModelError(f"the model's chat template refuses: {message}", "use another prompt style")
