"""The only code that knows `results/`: Parquet parts, the manifest, the lock."""

from scaling_cli.store.answers import answered_cells, summary_alone
from scaling_cli.store.folder import RunFolder, run_folders
from scaling_cli.store.manifest import CellRecord, Run

__all__ = [
    "CellRecord", "Run", "RunFolder", "answered_cells", "run_folders", "summary_alone",
]  # fmt: skip
