"""CPU time of `scale --help`: user and system seconds of the process, median of five.

    python benchmarks/help.py [--runs 5] [--json]

CPU time and not the clock, but a busy machine still inflates it (caches, clock rates): quote
what an idle one gives. Exit code 1 above the limit.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
from pathlib import Path

LIMIT_SECONDS = 0.25

ENTRY = "import sys; sys.argv = ['scale', '--help']; from scaling_cli.cli.main import main; main()"


def command() -> list[str]:
    """The installed script beside this interpreter; without one, what the script does."""
    script = Path(sys.executable).parent / "scale"
    return [str(script), "--help"] if script.exists() else [sys.executable, "-c", ENTRY]


def cpu_seconds(arguments: list[str]) -> float:
    """User and system seconds of one run of the command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure(runs: int) -> list[float]:
    """Seconds of each run; one more before them compiles the modules and fills the caches."""
    cpu_seconds(command())
    return [cpu_seconds(command()) for _ in range(runs)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    seconds = measure(args.runs)
    median = statistics.median(seconds)
    row = {
        "what": "scale --help, CPU seconds",
        "runs": seconds,
        "median": median,
        "limit": LIMIT_SECONDS,
        "ok": median <= LIMIT_SECONDS,
    }
    if args.json:
        print(json.dumps({"rows": [row]}))
    else:
        print("runs    " + "  ".join(f"{value:.3f}" for value in seconds))
        print(f"median  {median:.3f} s of at most {LIMIT_SECONDS} s: {_verdict(median)}")
    sys.exit(median > LIMIT_SECONDS)


def _verdict(median: float) -> str:
    return "ok" if median <= LIMIT_SECONDS else "too slow"


if __name__ == "__main__":
    main()
