"""A baseline from a file or a run, and a run read as far as its baseline goes."""

from __future__ import annotations

from pathlib import Path

from scaling_cli.checking.baseline_file import BaselineFile, read_baseline
from scaling_cli.checking.check import Checked, check
from scaling_cli.checking.places import Terms
from scaling_cli.checking.snapshot import SELECTORS, Snapshot, snapshot
from scaling_cli.store import RunFolder


def open_baseline(path: Path, terms: Terms) -> BaselineFile:
    """What `scale baseline` wrote to a file, or the curves of another run's folder."""
    if not path.is_dir():
        return read_baseline(path)
    selectors = terms.selectors or SELECTORS
    return BaselineFile(snapshot(RunFolder.open(path), selectors=selectors), edited=False)


def snapshot_like(folder: RunFolder, like: Snapshot) -> Snapshot:
    """The selectors, token limits and ks of a run that its baseline holds."""
    selectors = dict.fromkeys(n.partition(":")[0] for one in like.curves for n in one.accuracy)
    return snapshot(
        folder,
        selectors=list(selectors),
        caps=sorted({one.limit for one in like.curves if one.limit is not None}),
        ks={k for one in like.curves for k in one.ks},
    )


def check_run(folder: RunFolder, baseline: Path, terms: Terms | None = None) -> Checked:
    """`check` of a run's folder against a baseline's file or folder."""
    terms = terms or Terms()
    before = open_baseline(baseline, terms)
    now = snapshot_like(folder, before.snapshot)
    return check(now, before.snapshot, terms, edited=before.edited)
