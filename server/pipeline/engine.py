"""What durable work needs from an engine, so that the engine can be replaced.

The promises: a task accepted by ``submit`` is run at least once, also after kill -9; the same
id is never run beside itself and never again once it is done; tasks of one partition run one
at a time in the order of their ids. Tasks carry ids, never bodies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Queue(StrEnum):
    """``CHANGES``: what source systems told us. ``DELIVERIES``: interventions on their way out,
    apart so that a slow receiver holds up nobody's reading."""

    CHANGES = "changes"
    DELIVERIES = "deliveries"


@dataclass(frozen=True, kw_only=True)
class Task:
    """``id`` decides about repeats and order: zero-pad numbers in it."""

    id: str
    queue: Queue
    partition: str
    subject: str
    delay: float = 0.0
    """Seconds to wait before it may run."""


@dataclass(frozen=True, kw_only=True)
class TaskState:
    id: str
    queue: str
    status: str
    attempts: int


@dataclass(frozen=True, kw_only=True)
class EngineHealth:
    waiting: int
    running: int
    failed: int


#: Runs one task: queue and subject in, nothing out. Must tolerate being run again.
Handler = Callable[[str], None]


class Engine(Protocol):
    def start(self) -> None:
        """Begin to run tasks, first those this executor left unfinished."""

    def stop(self) -> None:
        """Finish nothing new; what is under way is resumed at the next start."""

    def submit(self, tasks: Sequence[Task]) -> None:
        """Accept tasks durably. An id that is known already is left as it is."""

    def is_active(self, id_prefix: str) -> bool:
        """Whether a task whose id begins so still waits or runs."""

    def is_parked(self, id_prefix: str) -> bool:
        """Whether a task whose id begins so took its worker down too often to be run again."""

    def cancel(self, task_id: str) -> None:
        """Take a waiting task out."""

    def replay(self, task_id: str) -> None:
        """Run a failed or parked task again."""

    def list(self, *, failed_only: bool = False, limit: int = 100) -> Sequence[TaskState]:
        """The newest tasks first."""

    def recover(self, executors: Sequence[str]) -> int:
        """Take over what these executors, known to be dead, had under way; how many tasks."""

    def purge(self, *, older_than_days: int) -> int:
        """Forget tasks finished before then; how many."""

    def health(self) -> EngineHealth:
        """Counts, cheap enough for a metrics page."""
