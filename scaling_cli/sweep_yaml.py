"""YAML read with care: plain data only, and the line of every key."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from scaling_cli.errors import SweepError

MAX_BYTES = 1_000_000
MAX_NODES = 20_000
MAX_DEPTH = 30
MAX_NUMBER = 100
"""Characters of a number; a longer one only costs time."""

TAGS = "tag:yaml.org,2002:"
PLAIN = frozenset(TAGS + tag for tag in ("str", "int", "float", "bool", "null", "map", "seq"))
EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d{1,3}")
"""Numbers such as 1e-3, which YAML 1.1 takes for text."""

EXAMPLE = "see sweeps/quickstart.yaml"
BOMB = "a sweep file needs few values: look for aliases of aliases"

Place = tuple[str | int, ...]

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 60
_repr.maxlevel = 2


def brief(value: Any) -> str:
    """A value as an error shows it: on one line, and short."""
    return "empty" if value is None else _repr.repr(value)


class Document:
    """Plain data with the line on which each of its values stands.

    `overridden` maps places set on the command line to how they were set.
    """

    def __init__(self, name: str, data: Any, lines: dict[Place, int]) -> None:
        self.name = name
        self.data = data
        self.overridden: dict[Place, str] = {}
        self._lines = lines

    def line(self, place: Place) -> int:
        """The line of a value, or of the nearest value around it."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)

    def override(self, place: Place) -> str | None:
        """The `--set` that gave the value at `place`, where one did."""
        within = (place[:end] for end in range(len(place), 0, -1))
        return next((self.overridden[p] for p in within if p in self.overridden), None)

    def error(self, place: Place, message: str, hint: str = "") -> SweepError:
        """An error that names the file and the line, or the override."""
        where = self.override(place) or f"{self.name}, line {self.line(place)}"
        return SweepError(f"{where}: {message}", hint)


def parse(text: bytes, name: str) -> Document:
    """Safe YAML of bounded size: no tags, no repeated keys, no NaN, no bombs."""
    if len(text) > MAX_BYTES:
        raise SweepError(f"{name} is larger than {MAX_BYTES:,} bytes", EXAMPLE)
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise SweepError(f"{name}, line {line}: not UTF-8 text", "save it as UTF-8") from error
    reader = _Reader(name)
    node = _composed(decoded, name)
    if node is None:
        raise SweepError(f"{name} is empty", EXAMPLE)
    return Document(name, reader.value(node, (), 0), reader.lines)


def parse_value(text: str, source: str) -> Any:
    """The right side of --set key=value."""
    return parse(text.encode("utf-8", "surrogateescape"), source).data if text.strip() else None


def _composed(text: str, name: str) -> yaml.Node | None:
    loader = None
    try:
        loader = _Loader(text)
        loader.file = name
        node: yaml.Node | None = loader.get_single_node()
        return node
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = error.problem or error.context or "it cannot be read"
        hint = "indent with blanks, not tabs" if "\\t" in problem else EXAMPLE
        raise SweepError(f"{name}, line {line}: not YAML: {problem}", hint) from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        message = f"{name}, line {line}: not text: it holds U+{error.character:04X}"
        raise SweepError(message, EXAMPLE) from error
    finally:
        if loader is not None:
            loader.dispose()


class _Loader(yaml.SafeLoader):
    """Counts while it composes, so that what is too large is refused before it is built."""

    file = ""
    _nodes = 0
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._nodes += 1
        self._depth += 1
        if self._nodes > MAX_NODES or self._depth > MAX_DEPTH:
            kind = "too many" if self._nodes > MAX_NODES else "too deeply nested"
            line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
            raise SweepError(f"{self.file}, line {line}: {kind} values", BOMB)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Reader:
    """Walks the nodes itself, so that aliases are counted each time and every line is kept."""

    def __init__(self, name: str) -> None:
        self.lines: dict[Place, int] = {}
        self._name = name
        self._nodes = 0
        self._loader = yaml.SafeLoader("")

    def value(self, node: yaml.Node, place: Place, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            raise self._error(node, "too many or too deeply nested values", BOMB)
        self.lines[place] = node.start_mark.line + 1
        if node.tag not in PLAIN and node.tag != TAGS + "timestamp":
            tag = brief(node.tag.replace(TAGS, "!!"))
            raise self._error(node, f"the tag {tag} is not allowed", "write plain values")
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, place, depth))
        if isinstance(node, yaml.SequenceNode):
            return self._items(node.value, place, depth)
        return self._scalar(node)

    def _items(self, nodes: Sequence[yaml.Node], place: Place, depth: int) -> list[Any]:
        return [self.value(item, (*place, i), depth + 1) for i, item in enumerate(nodes)]

    def _pairs(self, node: yaml.MappingNode, place: Place, depth: int) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self._key(key_node)
            if key in seen:
                first = f"{brief(key)} is given twice, first on line {seen[key]}"
                raise self._error(key_node, first, "keep one")
            seen[key] = line
            value = self.value(value_node, (*place, key), depth + 1)
            self.lines[(*place, key)] = line
            yield key, value

    def _key(self, node: yaml.Node) -> str:
        if node.tag == TAGS + "merge":
            raise self._error(node, "merging with << is not supported", "write the keys out")
        if not isinstance(node, yaml.ScalarNode) or node.tag != TAGS + "str":
            raise self._error(node, "a key is not a word", "write key: value, the key in quotes")
        return str(node.value)

    def _scalar(self, node: yaml.Node) -> Any:
        text = str(node.value)
        if node.tag in (TAGS + "str", TAGS + "timestamp"):
            plain = isinstance(node, yaml.ScalarNode) and node.style is None
            return float(text) if plain and EXPONENT.fullmatch(text) else text
        if len(text) > MAX_NUMBER:
            raise self._error(node, f"a number of {len(text)} characters", "write a smaller one")
        try:
            value = self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError, KeyError) as error:
            raise self._error(
                node, f"{brief(text)} cannot be read", "write it in quotes"
            ) from error
        if isinstance(value, float) and not math.isfinite(value):
            raise self._error(node, f"{text} is not a number", "write a finite number")
        if isinstance(value, int) and abs(value) > 2**53:
            raise self._error(node, f"{text} is too large to be meant", "write a smaller number")
        return value

    def _error(self, node: yaml.Node, message: str, hint: str) -> SweepError:
        return SweepError(f"{self._name}, line {node.start_mark.line + 1}: {message}", hint)
