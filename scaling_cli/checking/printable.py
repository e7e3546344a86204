"""Names from elsewhere made safe to print: on a terminal, in Markdown, XML and annotations."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
"""Characters of a name that are shown."""
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that move a cursor, turn the direction of writing, or show nothing."""
MARKDOWN = re.compile(r"[\\`*_{}\[\]()#+!|~<>&@:$-]")


def visible(text: object, *, longest: int | None = LONGEST) -> str:
    """The text with control characters, terminal escapes and the like spelled out."""
    shown = str(text)
    if longest is not None and len(shown) > longest:
        shown = f"{shown[: longest - 1]}…"
    return shown if shown.isprintable() else "".join(map(_spelled, shown))


def _spelled(character: str) -> str:
    if unicodedata.category(character) not in HIDDEN:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def markdown(text: object, *, longest: int | None = LONGEST) -> str:
    """The text as it stands in a cell of a Markdown table: no markup, no HTML, no mentions."""
    return MARKDOWN.sub(lambda found: f"&#{ord(found.group())};", visible(text, longest=longest))


def annotation(text: str) -> str:
    """A message of a GitHub workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def annotation_property(text: str) -> str:
    """A property of a GitHub workflow command, such as its title."""
    return annotation(text).replace(":", "%3A").replace(",", "%2C")
