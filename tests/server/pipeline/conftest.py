from __future__ import annotations

from rig.fixtures import clock, emulator, house, live, receiver

__all__ = ["clock", "emulator", "house", "live", "receiver"]
