"""The rules by which a sweep may cut solutions into steps."""

from __future__ import annotations

from collections.abc import Mapping

from scaling_cli.types import StepRule

RULES: Mapping[str, tuple[str, ...]] = {
    "blank-line": ("\n\n",),
    "newline": ("\n",),
    "step-heading": ("\nStep ", "\n## Step ", "\n### Step ", "\n**Step "),
    "tokens": (),
}
"""The texts that end a step, by the rule's name. `step-heading` ends a step where the heading of
the next one begins; `tokens` ends it after a number of tokens only."""


def rule(name: str, max_tokens: int) -> StepRule:
    """The rule of that name."""
    return StepRule(name, RULES[name], max_tokens)
