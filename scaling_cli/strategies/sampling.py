"""Independent sampling (Brown et al. 2024): the generator whose samples fill a bank."""

from __future__ import annotations

from scaling_cli.types import Session, Trace


async def sampling(session: Session, *, samples: int = 16) -> list[Trace]:
    """Draw `samples` solutions; selectors choose among them afterwards."""
    return await session.extend([Trace()] * samples)
