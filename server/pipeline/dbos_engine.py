"""The engine on DBOS Transact: SQLite files by default, PostgreSQL when scaled, same code.

Traps held here so that nobody else has to know them: the library is a process-wide singleton;
its default serialiser is pickle; its default application version hashes the source and would
strand waiting work at every deploy; on Python 3.11 with SQLite its clock has whole seconds and
ties sort by id, hence zero-padded ids; a partitioned queue starts at most
``concurrency / poll interval`` tasks a second; nothing but ``recover`` brings back the work of
another machine that died.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from .engine import EngineHealth, Handler, Queue, Task, TaskState

#: Waiting work is bound to this. Change it only when a task's meaning changes, with a plan for
#: the tasks that still wait under the old one.
APPLICATION_VERSION = "1"
POLL_SECONDS = 0.1
#: What is not finished by then after a stop is resumed at the next start.
STOP_SECONDS = 1
#: A task that took its worker down this often is parked instead of taking down the next.
MAX_RECOVERY_ATTEMPTS = 10

_WORKFLOW = "run"
_FAILED = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


class DbosEngine:
    """``database``: a SQLAlchemy engine of its own (never the application's pool).
    ``executor``: unique among live processes and stable over restarts of the same worker.
    ``concurrency``: tasks of one queue under way at the same time in this worker."""

    def __init__(
        self,
        *,
        database: Any,
        url: str,
        executor: str,
        handlers: Mapping[Queue, Handler],
        concurrency: int,
    ) -> None:
        self._database = database
        self._url = url
        self._executor = executor
        self._handlers = dict(handlers)
        self._concurrency = concurrency
        self._run: Any = None

    def start(self) -> None:
        from dbos import DBOS, DBOSPortableJSONSerializer

        logging.getLogger("dbos").setLevel(logging.WARNING)
        DBOS(
            config={
                "name": "keepsake",
                "system_database_engine": self._database,
                "system_database_url": self._url,
                "application_version": APPLICATION_VERSION,
                "executor_id": self._executor,
                "serializer": DBOSPortableJSONSerializer(),
                "log_level": "WARNING",
                "enable_otlp": False,
                "use_listen_notify": False,
                "max_executor_threads": len(self._handlers) * self._concurrency + 4,
            }
        )
        handlers = self._handlers

        @DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
        def run(queue: str, subject: str) -> None:
            handlers[Queue(queue)](subject)

        self._run = run
        DBOS.launch()
        for queue in self._handlers:
            DBOS.register_queue(
                queue.value,
                worker_concurrency=self._concurrency,
                partition_concurrency=1,
                polling_interval_sec=POLL_SECONDS,
                on_conflict="always_update",
            )

    def stop(self) -> None:
        from dbos import DBOS

        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=STOP_SECONDS)

    def submit(self, tasks: Sequence[Task]) -> None:
        from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

        for task in tasks:
            with (
                SetWorkflowID(task.id),
                SetEnqueueOptions(
                    queue_partition_key=task.partition,
                    delay_seconds=task.delay or None,
                ),
            ):
                DBOS.enqueue_workflow(task.queue.value, self._run, task.queue.value, task.subject)

    def is_active(self, id_prefix: str) -> bool:
        return self._has(["ENQUEUED", "DELAYED", "PENDING"], workflow_id_prefix=id_prefix)

    def is_parked(self, id_prefix: str) -> bool:
        return self._has(["MAX_RECOVERY_ATTEMPTS_EXCEEDED"], workflow_id_prefix=id_prefix)

    def _has(self, status: list[str], **which: Any) -> bool:
        from dbos import DBOS

        found = DBOS.list_workflows(
            status=status, limit=1, load_input=False, load_output=False, **which
        )
        return bool(found)

    def cancel(self, task_id: str) -> None:
        from dbos import DBOS

        DBOS.cancel_workflow(task_id)

    def replay(self, task_id: str) -> None:
        from dbos import DBOS

        for old in DBOS.list_workflows(workflow_ids=[task_id], load_input=False, load_output=False):
            if old.status == "ERROR":
                # Resuming leaves alone what ended with an error; a copy of it begins anew.
                DBOS.fork_workflow(
                    task_id,
                    1,
                    queue_name=old.queue_name,
                    queue_partition_key=old.queue_partition_key,
                )
            else:
                DBOS.resume_workflow(task_id)

    def list(self, *, failed_only: bool = False, limit: int = 100) -> Sequence[TaskState]:
        from dbos import DBOS

        found = DBOS.list_workflows(
            status=_FAILED if failed_only else None,
            limit=limit,
            sort_desc=True,
            load_input=False,
            load_output=False,
        )
        return [
            TaskState(
                id=each.workflow_id,
                queue=each.queue_name or "",
                status=each.status.lower(),
                attempts=each.recovery_attempts or 0,
            )
            for each in found
        ]

    def recover(self, executors: Sequence[str]) -> int:
        from dbos import DBOS

        if not executors:
            return 0
        # Private in the free edition, hence the pinned version and the dead-worker tests: the
        # public resume would reset the attempt counter that parks a task which kills workers.
        return len(DBOS._recover_pending_workflows(list(executors)))

    def purge(self, *, older_than_days: int) -> int:
        from dbos import DBOS

        before = datetime.now(UTC) - timedelta(days=older_than_days)
        done = DBOS.list_workflows(
            status=["SUCCESS", "CANCELLED"],
            completed_before=before.isoformat(),
            limit=10_000,
            load_input=False,
            load_output=False,
        )
        ids = [each.workflow_id for each in done]
        if ids:
            DBOS.delete_workflows(ids)
        return len(ids)

    def health(self) -> EngineHealth:
        from dbos import DBOS

        def count(statuses: list[str]) -> int:
            return len(
                DBOS.list_workflows(
                    status=statuses, limit=10_000, load_input=False, load_output=False
                )
            )

        return EngineHealth(
            waiting=count(["ENQUEUED", "DELAYED"]),
            running=count(["PENDING"]),
            failed=count(_FAILED),
        )
