"""What goes into `run.json`: plain JSON without absolute paths; secrets are refused."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from scaling_cli.errors import StoreError

SECRET_NAMES = re.compile(
    r"(^|_)(api_?key|apikey|access_?key|private_?key|secret(_?key)?|password|passwd|passphrase"
    r"|credentials?|authorization|bearer|cookie|(auth|access|refresh|hf|hub|id|session)_?token)$"
    r"|^token$"
)
SECRET_VALUES = re.compile(
    r"\b(hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,})|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|://[^/\s:@]+:[^/\s@]+@|(?i:\bbearer\s+[A-Za-z0-9._~+/-]{12,})"
    r"|(?i:[?&](api_?key|key|token|secret|password)=[^&\s]+)"
)
WHOLE_PATH = re.compile(
    r"(?:file://)?(?:/|[A-Za-z]:[\\/]|\\\\)(?:[^/\\\s](?:[^/\\\n]*[^/\\\s])?[/\\]+)+"
    r"([^/\\\s](?:[^/\\\n]*[^/\\\s])?)?[/\\]*"
)
INNER_PATH = re.compile(
    r"(?:file://|(?<![\w/.~<>:-]))(?:/(?:home|Users|root|tmp|var|mnt|media|data|opt|srv|scratch|usr"
    r"|etc|private|work|workspace)(?=/)|[A-Za-z]:\\)[^\s'\"<>;,)]*"
)


def plain(value: Any, where: str = "run.json") -> Any:
    """`value` as plain JSON values; what JSON cannot hold is a `StoreError` naming the place."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise StoreError(f"{where} is {value}, which JSON cannot hold", "leave it out")
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}: {key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}[{number}]") for number, item in enumerate(value)]
    if is_dataclass(value) and not isinstance(value, type):
        return plain({item.name: getattr(value, item.name) for item in fields(value)}, where)
    if hasattr(value, "tolist"):
        return plain(value.tolist(), where)
    raise StoreError(f"{where} is a {type(value).__name__}, which JSON cannot hold", "leave it out")


def scrub(value: Any, *, cwd: Path | None = None, home: Path | None = None) -> Any:
    """Plain JSON with the working folder as `.`, the home folder as `~`, other paths cut.

    Of any other absolute path the last name is kept, as `.../name`. Raises `StoreError` for
    a key or a value that looks like a secret.
    """
    folders = [(cwd or Path.cwd(), "."), (home or Path.home(), "~")]
    return _scrubbed(plain(value), [(str(folder), sign) for folder, sign in folders], "run.json")


def _scrubbed(value: Any, folders: list[tuple[str, str]], where: str) -> Any:
    if isinstance(value, str):
        return _text(value, folders, where)
    if isinstance(value, list):
        return [_scrubbed(item, folders, where) for item in value]
    if not isinstance(value, dict):
        return value
    clean: dict[str, Any] = {}
    for key, item in value.items():
        if item and not isinstance(item, bool | int | float) and _names_secret(key):
            raise _secret(f"{where}: {key}")
        name = _text(key, folders, where)
        if name in clean:
            raise StoreError(
                f"{where} names two files {name}", "give files of different folders other names"
            )
        clean[name] = _scrubbed(item, folders, f"{where}: {key}")
    return clean


def _text(text: str, folders: list[tuple[str, str]], where: str) -> str:
    if SECRET_VALUES.search(text):
        raise _secret(where)
    for folder, sign in folders:
        if folder != Path(folder).anchor:
            text = re.sub(rf"(?:file://|(?<![\w/.~-])){re.escape(folder)}(?![\w.-])", sign, text)
    if whole := WHOLE_PATH.fullmatch(text):
        return f".../{_last_name(whole.group())}"
    return INNER_PATH.sub(lambda inner: f".../{_last_name(inner.group())}", text)


def _last_name(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def _names_secret(key: str) -> bool:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", key).lower()
    return SECRET_NAMES.search(words) is not None


def _secret(where: str) -> StoreError:
    return StoreError(
        f"{where} looks like a secret and was not written",
        "pass keys through the environment, never through a sweep file",
    )
