"""How long verifiers take: as said, within a machine's peaks, as before, or as the policy does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scaling_cli.errors import StoreError
from scaling_cli.laws.roofline import Hardware, arithmetic
from scaling_cli.planning.pace import weight_bytes
from scaling_cli.running.expected import VerifierPrice
from scaling_cli.running.prepare import PreparedVerifier
from scaling_cli.store import RunFolder
from scaling_cli.store.beside import read_sessions

Basis = Literal["given", "probe", "roofline", "measured", "policy"]


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds of a verifier's calls on `devices`, and how that is known.

    `basis`: tokens a second said by the user; a probe just now; a roofline's bound; the clock of
    earlier scorings; or the FLOPs a second that the policy is taken to reach.
    """

    seconds: float
    basis: Basis
    devices: int = 1


ReadingOf = Callable[[VerifierPrice], "Reading | None"]
"""The time of one verifier's calls; None not known."""


def first_known(*sources: ReadingOf) -> ReadingOf:
    """The first source that knows a verifier's time decides."""

    def reading(price: VerifierPrice) -> Reading | None:
        return next((found for source in sources if (found := source(price))), None)

    return reading


def given(speeds: Mapping[str, float]) -> ReadingOf:
    """Tokens read a second, said of the verifier's model by name: what is said of all models
    is how fast they write."""

    def reading(price: VerifierPrice) -> Reading | None:
        speed = next((speeds[name] for name in names_of(price.verifier) if name in speeds), None)
        return None if speed is None else Reading(price.tokens / speed, "given")

    return reading


def probed(speeds: Mapping[str, float]) -> ReadingOf:
    """Tokens read a second that a probe measured, by a verifier's key; nothing where critiques
    are written, which a probe does not do."""

    def reading(price: VerifierPrice) -> Reading | None:
        speed = speeds.get(price.verifier.key)
        return None if speed is None or price.written else Reading(price.tokens / speed, "probe")

    return reading


def bounded(hardware: Hardware, utilisation: float) -> ReadingOf:
    """Reading at the peaks of arithmetic; nothing where FLOPs or size are not known, or where
    critiques are written, which takes longer."""

    def reading(price: VerifierPrice) -> Reading | None:
        verifier = price.verifier
        if verifier.model is None or price.flops is None or price.written:
            return None
        held = weight_bytes(verifier.model, _engine(price), str(verifier.identity["dtype"]))
        if held is None:
            return None
        rate, devices = arithmetic(hardware, held, utilisation=utilisation)
        return Reading(price.flops / rate, "roofline", devices)

    return reading


def seen(folders: Sequence[RunFolder]) -> ReadingOf:
    """Tokens over seconds of the first run in which the verifier's model scored a bank."""

    def reading(price: VerifierPrice) -> Reading | None:
        for folder in folders:
            try:
                sessions = read_sessions(folder)
            except StoreError:
                continue  # evidence that cannot be read is none
            mine = [s for s in sessions if s.get("role") == "verifier" and _is_of(s, price)]
            tokens = sum(int(session["tokens"]) for session in mine)
            seconds = sum(float(session["seconds"]) for session in mine)
            if tokens > 0 and seconds > 0:
                return Reading(price.tokens / tokens * seconds, "measured")
        return None

    return reading


def names_of(verifier: PreparedVerifier) -> tuple[str, ...]:
    """What the verifier's own model is called; nothing where it has none."""
    model, spec = verifier.model, verifier.spec.model
    return () if model is None or spec is None else (spec.name, model.name)


def _engine(price: VerifierPrice) -> str:
    engine = price.verifier.spec.engine
    return "" if engine is None else engine.name


def _is_of(session: Mapping[str, object], price: VerifierPrice) -> bool:
    return session["model"] in names_of(price.verifier) and session["engine"] == _engine(price)


def as_policy(flops: float | None, seconds: float | None, devices: int) -> ReadingOf:
    """The policy's FLOPs over its seconds. Reading is faster than writing: it takes less."""

    def reading(price: VerifierPrice) -> Reading | None:
        if not flops or not seconds or price.flops is None:
            return None
        return Reading(price.flops / flops * seconds, "policy", devices)

    return reading
