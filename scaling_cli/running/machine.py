"""What this machine is: processor, memory, disk, graphics, and the packages installed."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tempfile
from importlib import metadata
from pathlib import Path

import scaling_cli
from scaling_cli import models
from scaling_cli.running.finding import Finding

LITTLE_MEMORY = 2 << 30
LITTLE_DISK = 2 << 30
"""Below this even the smallest model is a tight fit."""
FEATURES = ("avx2", "avx512f", "amx_tile", "asimd")
"""Instructions that make llama.cpp and vLLM fast."""
GIB = 1 << 30


def processor() -> Finding:
    """Its name, the cores this process may use, and the instructions that matter."""
    facts = _read("/proc/cpuinfo")
    name = re.search(r"^model name\s*:\s*(.+)$", facts, re.MULTILINE)
    flags = set(re.findall(r"^(?:flags|Features)\s*:\s*(.+)$", facts, re.MULTILINE)[:1])
    known = [feature for feature in FEATURES if any(feature in line.split() for line in flags)]
    usable, total = usable_cores(), os.cpu_count() or 1
    cores = f"{usable} cores" if usable == total else f"{usable} of {total} cores"
    words = [name.group(1) if name else platform.processor() or platform.machine(), cores, *known]
    slow = platform.machine() in ("x86_64", "AMD64") and bool(facts) and "avx2" not in known
    remedy = "without AVX2 sampling is slow here: use a server or a newer processor" if slow else ""
    return Finding("machine", "processor", "ok", ", ".join(words), remedy)


def usable_cores() -> int:
    """Cores this process may run on, which may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> Finding:
    """What is there and what is free now."""
    facts = _read("/proc/meminfo")
    sizes = {name: int(kb) << 10 for name, kb in re.findall(r"^(\w+):\s+(\d+) kB", facts, re.M)}
    if "MemTotal" not in sizes:
        return Finding("machine", "memory", "ok", "not known on this system")
    free = sizes.get("MemAvailable", sizes["MemTotal"])
    detail = f"{sizes['MemTotal'] / GIB:.1f} GiB, {free / GIB:.1f} free"
    if free < LITTLE_MEMORY:
        remedy = "close other programs, or set engine options slots and context lower"
        return Finding("machine", "memory", "broken", detail, remedy)
    return Finding("machine", "memory", "ok", detail)


def graphics() -> Finding:
    """NVIDIA cards as their driver names them; nothing need be done where there is none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return Finding("machine", "GPU", "absent", "no nvidia-smi: engines run on the processor",
                       "not needed; vLLM on a GPU needs the NVIDIA driver")  # fmt: skip
    query = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("machine", "GPU", "broken", type(error).__name__, "check the driver")
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        detail = said[0] if said else f"nvidia-smi ends with {done.returncode}"
        return Finding("machine", "GPU", "broken", detail, "check the driver: nvidia-smi must run")
    return Finding("machine", "GPU", "ok", "; ".join(done.stdout.strip().splitlines()))


def versions() -> list[Finding]:
    """Python, this package, and what it requires, each against what it asks for."""
    python = Finding("package", "python", "ok", platform.python_version())
    return [python, Finding("package", "scale", "ok", scaling_cli.__version__), requirements()]


def requirements() -> Finding:
    """One line for all packages that are needed; each that does not fit is named."""
    try:
        from packaging.requirements import Requirement

        needed = [Requirement(line) for line in metadata.requires("scaling-cli") or []]
    except (ImportError, metadata.PackageNotFoundError):
        return Finding("package", "packages", "ok", "not installed by pip: not compared")
    found, wrong = [], []
    for one in needed:
        if one.marker is not None and not one.marker.evaluate({"extra": ""}):
            continue
        version = _version(one.name)
        if version is None or not one.specifier.contains(version, prereleases=True):
            wrong.append(f"{one.name}{one.specifier} (here: {version or 'none'})")
        found.append(f"{one.name} {version}")
    if wrong:
        remedy = "pip install -c constraints.txt -e . in the repository, or pip install -U"
        return Finding("package", "packages", "broken", ", ".join(wrong), remedy)
    return Finding("package", "packages", "ok", ", ".join(found))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def folders() -> list[Finding]:
    """The cache of weights and the folder of this command: writable, and with room."""
    return [
        _folder("cache folder", models.cache_folder(), "set SCALE_CACHE to another folder"),
        _folder("working folder", Path.cwd(), "work in a folder of yours, or use --results"),
    ]


def _folder(what: str, folder: Path, remedy: str) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        free = shutil.disk_usage(folder).free
    except OSError as error:
        reason = f"not writable: {error.strerror}"
        return Finding("folder", what, "broken", reason, remedy)
    detail = f"writable, {free / GIB:.1f} GiB free"
    if free < LITTLE_DISK:
        return Finding("folder", what, "broken", detail, f"make room, or {remedy}")
    return Finding("folder", what, "ok", detail)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
