"""Where in the tokens a place in the text lies."""

from __future__ import annotations

from collections.abc import Sequence

from scaling_cli.types import Tokenizer

UNKNOWN = -1


def token_end(tokenizer: Tokenizer | None, tokens: Sequence[int] | None, end: int) -> int:
    """The smallest number of tokens whose text holds the first `end` characters; -1 unknown.

    By bisection: a prefix of the tokens never decodes to a longer text than the whole.
    """
    if tokenizer is None or not tokens:
        return UNKNOWN
    low, high = 1, len(tokens)
    while low < high:
        middle = (low + high) // 2
        if len(tokenizer.decode(tokens[:middle])) >= end:
            high = middle
        else:
            low = middle + 1
    return low if len(tokenizer.decode(tokens[:low])) >= end else UNKNOWN
