"""An engine that runs tasks when told to, in the order of their ids, in this very thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.base import Clock
from server.pipeline.engine import EngineHealth, Handler, Queue, Task, TaskState


@dataclass
class _Kept:
    task: Task
    due: datetime
    is_done: bool = False


class InlineEngine:
    """Keeps the promises of ``server.pipeline.engine.Engine`` but durability."""

    def __init__(self, handlers: Mapping[Queue, Handler], *, clock: Clock) -> None:
        self._handlers = dict(handlers)
        self._clock = clock
        self._tasks: dict[str, _Kept] = {}
        self.ran: list[str] = []

    def start(self) -> None:
        """Nothing was left unfinished."""

    def stop(self) -> None:
        """Nothing is under way."""

    def submit(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            due = self._clock() + timedelta(seconds=task.delay)
            self._tasks.setdefault(task.id, _Kept(task, due))

    def run_due(self) -> int:
        """Run what is due now; how many."""
        now = self._clock()
        due = sorted(id for id, one in self._tasks.items() if not one.is_done and one.due <= now)
        for id in due:
            kept = self._tasks[id]
            kept.is_done = True
            self.ran.append(id)
            self._handlers[kept.task.queue](kept.task.subject)
        return len(due)

    @property
    def next_due(self) -> datetime | None:
        return min((one.due for one in self._tasks.values() if not one.is_done), default=None)

    def is_active(self, id_prefix: str) -> bool:
        return any(id.startswith(id_prefix) and not one.is_done for id, one in self._tasks.items())

    def is_parked(self, id_prefix: str) -> bool:
        del id_prefix
        return False

    def cancel(self, task_id: str) -> None:
        self._tasks[task_id].is_done = True

    def replay(self, task_id: str) -> None:
        self._tasks[task_id].is_done = False

    def list(self, *, failed_only: bool = False, limit: int = 100) -> Sequence[TaskState]:
        del failed_only, limit
        return []

    def recover(self, executors: Sequence[str]) -> int:
        del executors
        return 0

    def purge(self, *, older_than_days: int) -> int:
        del older_than_days
        return 0

    def health(self) -> EngineHealth:
        waiting = sum(not one.is_done for one in self._tasks.values())
        return EngineHealth(waiting=waiting, running=0, failed=0)
