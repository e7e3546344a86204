"""Where in the tokens a place in the text lies."""

from __future__ import annotations

from collections.abc import Sequence

from scaling_cli.types import Tokenizer

UNKNOWN = -1


def token_end(tokenizer: Tokenizer | None, tokens: Sequence[int] | None, end: int) -> int:
    """The smallest number of tokens whose text begins with the first `end` characters; -1 unknown.

    By bisection: text that stands stays as more tokens come. Lengths would not do: a character
    cut in half decodes to as many replacement characters as it has bytes.
    """
    if tokenizer is None or not tokens:
        return UNKNOWN
    whole = tokenizer.decode(tokens)
    if len(whole) < end:
        return UNKNOWN
    low, high = 1, len(tokens)
    while low < high:
        middle = (low + high) // 2
        if tokenizer.decode(tokens[:middle])[:end] == whole[:end]:
            high = middle
        else:
            low = middle + 1
    return low
