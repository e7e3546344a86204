"""Speed of sampling that a machine's peak numbers allow: a bound, scaled by a named utilisation."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Literal

from scaling_cli.errors import LawError
from scaling_cli.laws.flops import CostModel
from scaling_cli.types import Architecture

UTILISATION = 0.4
"""Share of the peaks that is taken to be reached, of arithmetic and of bandwidth alike. Serving
engines reach 0.3 to 0.6 in full batches and less at the end of a run, when sequences run out."""
ROOM = 0.9
"""Share of a device's memory that weights and key-value cache may fill together."""
FOR_WEIGHTS = 0.8
"""Share of it that weights alone may fill before one more device is counted."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """Peaks of one device: FLOPs a second (dense bfloat16), bytes a second of memory traffic,
    bytes of memory; None where the memory is taken to be enough."""

    name: str
    flops: float
    bandwidth: float
    memory: float | None = None


HARDWARE: dict[str, Hardware] = {
    one.name: one
    for one in (
        Hardware("a100", 312e12, 2.0e12, 80e9),
        Hardware("h100", 989e12, 3.35e12, 80e9),
        Hardware("h200", 989e12, 4.8e12, 141e9),
        Hardware("b200", 2.25e15, 7.7e12, 180e9),
        Hardware("l4", 121e12, 0.3e12, 24e9),
        Hardware("l40s", 362e12, 0.864e12, 48e9),
        Hardware("rtx4090", 165e12, 1.008e12, 24e9),
        Hardware("mi300x", 1307e12, 5.3e12, 192e9),
    )
}
"""The makers' data sheets: SXM variants, dense, without sparsity."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a machine: the mean call, and how many calls the engine takes at once."""

    prompt_tokens: float
    new_tokens: float
    slots: int
    weight_bytes: float


@dataclass(frozen=True, slots=True)
class Speed:
    """New tokens a second in a full batch, prompts read as well; what holds it back in decoding;
    how many sequences and devices that takes."""

    tokens_per_second: float
    bound: Literal["compute", "memory"]
    sequences: int
    devices: int


def roofline(
    architecture: Architecture,
    hardware: Hardware,
    load: Load,
    *,
    utilisation: float = UTILISATION,
) -> Speed:
    """Roofline (Williams, Waterman and Patterson 2009) of prefill and batched decode.

    Prefill is bound by arithmetic: prompt FLOPs / peak. A step of decode samples one token for
    each of B sequences in max(B·FLOPs of a token / peak, (weights + B·cache read) / bandwidth)
    seconds, at the middle of the answer. Every call pays for its prompt. Devices share the work
    without loss. A mixture of experts reads the experts that B tokens visit, spread evenly.
    """
    if load.new_tokens <= 0 or load.slots < 1:
        raise LawError("a call that samples nothing has no speed", "ask for at least one token")
    model = CostModel(architecture)
    peak, devices = arithmetic(hardware, load.weight_bytes, utilisation=utilisation)
    bandwidth = hardware.bandwidth * utilisation * devices
    sequences = _sequences(model, hardware, load, devices)
    middle = load.prompt_tokens + load.new_tokens / 2
    token = model.per_token + model.head + float(model.attention(middle, middle + 1))
    cache = float(model.kv_bytes_read(2, context=middle))
    computing = sequences * token / peak
    weights = _weights_read(architecture, load.weight_bytes, sequences)
    traffic = (weights + sequences * cache) / bandwidth
    step = max(computing, traffic)
    prompt = float(model.prefill(load.prompt_tokens)) / peak
    seconds = prompt + load.new_tokens * step / sequences
    return Speed(
        tokens_per_second=load.new_tokens / seconds,
        bound="compute" if computing >= traffic else "memory",
        sequences=sequences,
        devices=devices,
    )


def arithmetic(
    hardware: Hardware, weight_bytes: float, *, utilisation: float = UTILISATION
) -> tuple[float, int]:
    """FLOPs a second of reading alone, which arithmetic binds, and the devices of the weights."""
    _check(utilisation)
    devices = _devices(hardware, weight_bytes)
    return hardware.flops * utilisation * devices, devices


def _check(utilisation: float) -> None:
    if not 0 < utilisation <= 1:
        raise LawError(f"a utilisation of {utilisation:g} is no share", "give one such as 0.4")


def parse_hardware(text: str) -> Hardware:
    """A name of the table, or `FLOPS,BANDWIDTH` or `FLOPS,BANDWIDTH,MEMORY` in plain units."""
    if text.lower() in HARDWARE:
        return HARDWARE[text.lower()]
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3) or not all(0 < number < 1e30 for number in numbers):
        raise LawError(
            f"{text!r} names no hardware that is known",
            f"valid: {', '.join(HARDWARE)}; or FLOPs and bytes a second, such as 989e12,3.35e12",
        )
    return Hardware(text, *numbers)


def _devices(hardware: Hardware, weight_bytes: float) -> int:
    if hardware.memory is None:
        return 1
    return max(ceil(weight_bytes / (FOR_WEIGHTS * hardware.memory)), 1)


def _sequences(model: CostModel, hardware: Hardware, load: Load, devices: int) -> int:
    """As many as the engine takes, and as the cache of whole calls has room for."""
    if hardware.memory is None:
        return load.slots
    room = ROOM * hardware.memory * devices - load.weight_bytes
    each = model.kv_bytes_per_token() * (load.prompt_tokens + load.new_tokens)
    return int(max(min(load.slots, room // each), 1))


def _weights_read(architecture: Architecture, weight_bytes: float, sequences: int) -> float:
    """Bytes of weights one step reads: all of a dense model."""
    a = architecture
    if not (a.experts and a.parameters and a.active_parameters):
        return weight_bytes
    visited = a.active_experts / a.experts
    # All experts together hold what an absent one leaves out, over the share that is absent.
    experts = (a.parameters - a.active_parameters) / (1 - visited) if visited < 1 else 0.0
    touched = 1 - (1 - visited) ** sequences
    return weight_bytes * (1 - experts / a.parameters * (1 - touched))
