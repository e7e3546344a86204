"""The only code that knows `results/`: Parquet parts, the manifest, the lock."""

from scaling_cli.store.folder import RunFolder, run_folders
from scaling_cli.store.manifest import CellRecord, Run

__all__ = ["CellRecord", "Run", "RunFolder", "run_folders"]
