"""How fast a model will be sampled: as given, probed, bounded by a roofline, or seen before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from scaling_cli.engines import options_of
from scaling_cli.errors import LawError, StoreError
from scaling_cli.laws.roofline import Hardware, Load, roofline
from scaling_cli.planning.earlier import Earlier
from scaling_cli.running.prepare import PreparedCell
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import read_sessions
from scaling_cli.types import Model

Basis = Literal["given", "probe", "roofline", "measured", "calls"]
SLOTS = ("slots", "max_num_seqs")
"""What engines call the number of calls they work on at once."""
BYTES_PER_WEIGHT = {"float32": 4.0, "float": 4.0, "fp8": 1.0, "int8": 1.0}
"""Two of any other type."""


@dataclass(frozen=True, slots=True)
class Pace:
    """New tokens a second, on `devices` devices, and how that is known.

    `basis`: said by the user; probed just now; a roofline's bound; the clock of earlier runs;
    or the sum of their calls' seconds over the engine's slots, as if none had been idle.
    `verified`: the clock ran on while verifiers were asked too, so that their time is in it.
    """

    tokens_per_second: float
    basis: Basis
    source: str = ""
    devices: int = 1
    verified: bool = False


T = TypeVar("T")
PaceOf = Callable[[PreparedCell, float, float], "Pace | None"]
"""The pace of a cell whose mean prompt and answer are so many tokens long; None not known."""


def first_known(*sources: PaceOf) -> PaceOf:
    """The first source that knows a cell's pace decides."""

    def pace(cell: PreparedCell, prompt: float, new: float) -> Pace | None:
        return next((p for source in sources if (p := source(cell, prompt, new))), None)

    return pace


def given(speeds: Mapping[str, float]) -> PaceOf:
    """What the user says: tokens a second by model, or for all under the empty name."""
    for speed in speeds.values():
        if not 0 < speed < 1e12:
            raise LawError(f"{speed:g} tokens/s is no throughput", "give a number such as 500")

    def pace(cell: PreparedCell, prompt: float, new: float) -> Pace | None:
        speed = said_of(cell, speeds)
        return None if speed is None else Pace(speed, "given", "--throughput")

    return pace


def said_of(cell: PreparedCell, said: Mapping[str, T]) -> T | None:
    """What is said of a cell's model by name, or of all models under the empty name."""
    names = (cell.cell.model.name, cell.model.name, "")
    return next((said[name] for name in names if name in said), None)


def probed(speeds: Mapping[tuple[str, str], float]) -> PaceOf:
    """What a probe measured, by model and engine."""

    def pace(cell: PreparedCell, prompt: float, new: float) -> Pace | None:
        speed = speeds.get((cell.model.name, cell.cell.engine.name))
        return None if speed is None else Pace(speed, "probe", "a probe just now")

    return pace


def bounded(hardware: Hardware, utilisation: float) -> PaceOf:
    """A roofline at a named utilisation; nothing where architecture or size is not known."""

    def pace(cell: PreparedCell, prompt: float, new: float) -> Pace | None:
        architecture = cell.model.architecture
        weights = weight_bytes(cell.model, cell.cell.engine.name, str(cell.identity["dtype"]))
        if architecture is None or weights is None:
            return None
        load = Load(prompt, max(new, 1.0), slots_of(cell), weights)
        found = roofline(architecture, hardware, load, utilisation=utilisation)
        source = (
            f"{utilisation:.0%} of {hardware.name}'s peaks, {found.bound}-bound with "
            f"{found.sequences} sequences"
        )
        return Pace(found.tokens_per_second, "roofline", source, found.devices)

    return pace


def seen(folders: Sequence[RunFolder], earlier: Sequence[Earlier]) -> PaceOf:
    """What earlier runs took, by model and engine: their clocks, or else their calls' seconds."""

    def pace(cell: PreparedCell, prompt: float, new: float) -> Pace | None:
        names = cell.model.name, cell.cell.engine.name
        return _measured(folders, *names) or _from_calls(earlier, *names)

    return pace


def slots_of(cell: PreparedCell) -> int:
    """How many calls the cell's engine will work on at once."""
    options = {**options_of(cell.cell.engine.name), **dict(cell.cell.engine.options)}
    return next((int(options[name]) for name in SLOTS if options.get(name)), 1)


def weight_bytes(model: Model, engine: str, dtype: str) -> float | None:
    """Bytes of the weights as the engine holds them: a GGUF file's own, or by type."""
    if model.format == "gguf" and model.path is not None and engine != "vllm":
        return float(model.path.stat().st_size)
    if model.architecture is None or model.architecture.parameters is None:
        return None
    return model.architecture.parameters * BYTES_PER_WEIGHT.get(dtype, 2.0)


def _measured(folders: Sequence[RunFolder], model: str, engine: str) -> Pace | None:
    """Tokens over seconds of every session, from the first run that has any: of those in which
    no verifier was asked meanwhile, if there are such."""
    for folder in folders:
        try:
            sessions = read_sessions(folder)
        except StoreError:
            continue  # evidence that cannot be read is none
        named = [one for one in sessions if (one["model"], one["engine"]) == (model, engine)]
        policy = [one for one in named if one.get("role") != "verifier"]
        alone = [one for one in policy if not one.get("verified")]
        mine = alone or policy
        seconds = sum(float(session["seconds"]) for session in mine)
        tokens = sum(int(session["tokens"]) for session in mine)
        if tokens > 0 and seconds > 0:
            devices = dict.fromkeys(str(session.get("device", "")) for session in mine)
            where = ", ".join(filter(None, devices))
            source = f"{folder.name} on {where}" if where else folder.name
            return Pace(tokens / seconds, "measured", source, verified=not alone)
    return None


def _from_calls(earlier: Sequence[Earlier], model: str, engine: str) -> Pace | None:
    """Tokens over the calls' seconds, times the slots that were busy side by side."""
    for folder in dict.fromkeys(one.folder for one in earlier):
        slots = _slots_started(folder, model, engine)
        mine = [
            one
            for one in earlier
            if one.folder == folder
            and (one.record.details.get("model"), one.record.details.get("engine"))
            == (model, engine)
        ]
        try:
            spent = [_spent(one) for one in mine]
        except StoreError:
            continue
        tokens, seconds = (sum(pair[part] for pair in spent) for part in (0, 1))
        if slots and tokens > 0 and seconds > 0:
            return Pace(tokens / seconds * slots, "calls", folder.name)
    return None


def _slots_started(folder: RunFolder, model: str, engine: str) -> int:
    starts = folder.read_manifest().starts
    known = [s for s in starts if (s.get("model"), s.get("engine")) == (model, engine)]
    return int(known[-1].get("slots", 0)) if known else 0


def _spent(one: Earlier) -> tuple[float, float]:
    """New tokens and seconds of the calls that report both."""
    table = one.folder.read_part("candidates", one.key, ["new_tokens", "seconds"]).to_pydict()
    pairs = zip(table["new_tokens"], table["seconds"], strict=True)
    known = [(tokens, seconds) for tokens, seconds in pairs if tokens is not None]
    return float(sum(t for t, _ in known)), float(sum(s for _, s in known))
