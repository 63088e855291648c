"""Filling our fields over there, many records at once, none spoiling another.

The hard part is to know what became of each value: Zendesk ignores a field it does not know and
answers 200, a bulk update answers before it has happened, and a closed ticket takes nothing any
more. So updates of one record are merged first (its budget is 30 in 10 minutes), several records
travel as one job whose results are waited for, within bounds, and what comes back is looked at.
Writing the same values twice is harmless; that is what makes every doubt a simple FAILED.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..base import FieldUpdate, Sleep, WriteOutcome, WriteResult
from ..errors import Conflict, ConnectorError, Gone, Locked, Skippable
from ..http import Budget, Throttled, Turnstile
from ..records import FieldValue, RecordKind, RecordRef
from .calling import Json, whole
from .client import Client
from .fields import NAMESPACE, FieldMap
from .line import ticket_budget, user_budget

#: The most one bulk update takes.
BATCH = 100
#: Waits between looks at a job, in seconds; most are done at the second look.
_LOOKS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)

_AGAIN = "Zendesk does not know this field any more: run `keepsake apply` again"


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """All updates of one record as one."""

    record: RecordRef
    values: Mapping[str, FieldValue]
    version: str | None
    change: Json


class Writer:
    def __init__(
        self, client: Client, fields: FieldMap, *, turnstile: Turnstile, sleep: Sleep
    ) -> None:
        self._client = client
        self._fields = fields
        self._turnstile = turnstile
        self._sleep = sleep

    def write(self, updates: Sequence[FieldUpdate]) -> list[WriteResult]:
        """One result an update, in order. Raises ``ConnectorError`` when the connection as a
        whole is in trouble; then everything may be written again."""
        results: dict[RecordRef, WriteResult] = {}
        wanted: dict[RecordKind, list[_Wanted]] = {RecordKind.TICKET: [], RecordKind.CONTACT: []}
        for record, values, version in _merged(updates):
            if record.kind not in wanted:
                results[record] = _failed(record, f"{record.kind} records hold no fields of ours")
            elif missing := self._fields.missing(record.kind, values):
                results[record] = _failed(record, f"{_AGAIN} ({', '.join(missing)})")
            else:
                try:
                    change = self._change(record, values, version)
                except (ValueError, ConnectorError) as error:
                    results[record] = _failed(record, str(error))
                    continue
                wanted[record.kind].append(
                    _Wanted(record=record, values=values, version=version, change=change)
                )
        for result in self._write_all(wanted[RecordKind.TICKET], self._one_ticket, self._tickets):
            results[result.record] = result
        for result in self._write_all(wanted[RecordKind.CONTACT], self._one_user, self._users):
            results[result.record] = result
        return [results[update.record] for update in updates]

    def _change(
        self, record: RecordRef, values: Mapping[str, FieldValue], version: str | None
    ) -> Json:
        if not (record.id.isascii() and record.id.isdigit()):
            raise ValueError("Zendesk has no record with such an id")
        if record.kind is RecordKind.CONTACT:
            return {"id": int(record.id), "user_fields": self._fields.for_contact(values)}
        change: Json = {
            "id": int(record.id),
            "custom_fields": self._fields.for_ticket(values),
            "metadata": {NAMESPACE: {"wrote": "fields"}},
        }
        if version is not None:
            change |= {"safe_update": True, "updated_stamp": version}
        return change

    def _write_all(
        self,
        wanted: Sequence[_Wanted],
        one: Callable[[_Wanted], WriteResult],
        many: Callable[[Sequence[_Wanted]], list[WriteResult]],
    ) -> list[WriteResult]:
        if len(wanted) == 1:
            return [one(wanted[0])]
        results: list[WriteResult] = []
        for first in range(0, len(wanted), BATCH):
            results += many(wanted[first : first + BATCH])
        return results

    def _one_ticket(self, wanted: _Wanted) -> WriteResult:
        def send() -> WriteResult:
            row = self._client.update_ticket(wanted.change)
            got = self._fields.of_ticket(row.get("custom_fields"))
            return self._seen(wanted, got)

        return _guarded(wanted.record, send)

    def _one_user(self, wanted: _Wanted) -> WriteResult:
        def send() -> WriteResult:
            row = self._client.update_user(wanted.change)
            return self._seen(wanted, self._fields.of_contact(row.get("user_fields")))

        return _guarded(wanted.record, send)

    def _seen(self, wanted: _Wanted, got: Mapping[str, FieldValue]) -> WriteResult:
        if lost := sorted(set(wanted.values) - set(got)):
            return _failed(wanted.record, f"{_AGAIN} ({', '.join(lost)})")
        if other := sorted(
            key for key, value in wanted.values.items() if not _same(value, got[key])
        ):
            return _failed(
                wanted.record,
                f"Zendesk kept another value: run `keepsake apply` again ({', '.join(other)})",
            )
        return WriteResult(record=wanted.record, outcome=WriteOutcome.WRITTEN)

    def _tickets(self, wanted: Sequence[_Wanted]) -> list[WriteResult]:
        ready, refused = self._book(wanted, ticket_budget)
        written = self._job(ready, self._client.update_tickets)
        rows = self._client.tickets(_ids(written))
        got = {str(row["id"]): self._fields.of_ticket(row.get("custom_fields")) for row in rows}
        return refused + self._still_there(written, ready, got)

    def _users(self, wanted: Sequence[_Wanted]) -> list[WriteResult]:
        ready, refused = self._book(wanted, user_budget)
        written = self._job(ready, self._client.update_users)
        rows = self._client.users(_ids(written))
        got = {str(row["id"]): self._fields.of_contact(row.get("user_fields")) for row in rows}
        return refused + self._still_there(written, ready, got)

    def _still_there(
        self,
        results: Sequence[WriteResult],
        wanted: Sequence[_Wanted],
        got: Mapping[str, Mapping[str, FieldValue]],
    ) -> list[WriteResult]:
        """A job says "updated" even when the field is gone: then the record does not show it.
        Values are not compared, an agent may have changed one since."""
        keys = {one.record: set(one.values) for one in wanted}
        return [
            _failed(result.record, f"{_AGAIN} ({', '.join(sorted(lost))})")
            if result.outcome is WriteOutcome.WRITTEN
            and result.record.id in got
            and (lost := keys[result.record] - set(got[result.record.id]))
            else result
            for result in results
        ]

    def _book(
        self, wanted: Sequence[_Wanted], budget: Callable[[str], Budget]
    ) -> tuple[list[_Wanted], list[WriteResult]]:
        """Book each record's own budget; those that have none left wait for another time."""
        ready: list[_Wanted] = []
        refused: list[WriteResult] = []
        for one in wanted:
            try:
                self._turnstile.wait([budget(one.record.id)], patience=0)
            except Throttled as error:
                refused.append(_failed(one.record, str(error)))
            else:
                ready.append(one)
        return ready, refused

    def _job(
        self, wanted: Sequence[_Wanted], send: Callable[[Sequence[Json]], Json]
    ) -> list[WriteResult]:
        if not wanted:
            return []
        job = send([one.change for one in wanted])
        for seconds in _LOOKS:
            if job.get("status") in ("completed", "failed", "killed"):
                break
            self._sleep(seconds)
            job = self._client.job(str(job.get("id")))
        rows = job.get("results")
        by_id, by_index = _indexed(rows if isinstance(rows, list) else [])
        return [
            _result(one.record, by_id.get(one.record.id) or by_index.get(position), job)
            for position, one in enumerate(wanted)
        ]


def _merged(
    updates: Sequence[FieldUpdate],
) -> list[tuple[RecordRef, Mapping[str, FieldValue], str | None]]:
    """One entry a record: later values win, the oldest version counts."""
    values: dict[RecordRef, dict[str, FieldValue]] = {}
    versions: dict[RecordRef, str | None] = {}
    for update in updates:
        values.setdefault(update.record, {}).update(update.values)
        known = [v for v in (versions.get(update.record), update.version) if v is not None]
        versions[update.record] = min(known, default=None)
    return [(record, merged, versions[record]) for record, merged in values.items()]


def _guarded(record: RecordRef, send: Callable[[], WriteResult]) -> WriteResult:
    """What concerns this record becomes its result; what concerns the connection is raised."""
    try:
        return send()
    except Throttled as error:
        if error.budget.endswith(f":{record.id}"):
            return _failed(record, str(error))
        raise
    except Conflict:
        return WriteResult(
            record=record,
            outcome=WriteOutcome.CONFLICT,
            reason="the ticket changed since it was read",
        )
    except (Gone, Locked) as error:
        return WriteResult(record=record, outcome=WriteOutcome.SKIPPED, reason=str(error))
    except Skippable as error:
        return _failed(record, str(error))


def _ids(results: Sequence[WriteResult]) -> list[str]:
    return [one.record.id for one in results if one.outcome is WriteOutcome.WRITTEN]


def _indexed(rows: Sequence[Any]) -> tuple[dict[str, Json], dict[int, Json]]:
    known = [row for row in rows if isinstance(row, dict)]
    by_id = {str(row["id"]): row for row in known if row.get("id") is not None}
    numbered = ((whole(row.get("index")), row) for row in known)
    return by_id, {number: row for number, row in numbered if number is not None}


def _result(record: RecordRef, row: Json | None, job: Json) -> WriteResult:
    if row is None:
        if job.get("status") not in ("completed", "failed", "killed"):
            return _failed(record, "Zendesk is still working on it; the value may yet arrive")
        return _failed(record, "Zendesk's job ended without a word about this record")
    if row.get("success") is True:
        return WriteResult(record=record, outcome=WriteOutcome.WRITTEN)
    said = f"{row.get('error', '')} {row.get('details', '')} {row.get('errors', '')}".lower()
    if "closed prevents" in said:
        return _skipped(record, "The ticket is closed; Zendesk takes no more changes to it.")
    if "notfound" in said.replace(" ", "") or "not found" in said:
        return _skipped(record, "The record is gone.")
    if "conflict" in said or "safe update" in said:
        return WriteResult(
            record=record,
            outcome=WriteOutcome.CONFLICT,
            reason="the ticket changed since it was read",
        )
    return _failed(record, f"Zendesk refused it ({str(row.get('error', 'no reason given'))[:60]})")


def _same(wanted: FieldValue, got: FieldValue) -> bool:
    match wanted:
        case None | "" | ():
            return got is None
        case tuple():
            return isinstance(got, tuple) and set(wanted) == set(got)
        case int() | float():
            return isinstance(got, int | float) and abs(wanted - got) < 1e-9
        case _:
            # Zendesk trims texts and turns line ends into its own.
            return isinstance(got, str) and got.split() == wanted.split()


def _failed(record: RecordRef, reason: str) -> WriteResult:
    return WriteResult(record=record, outcome=WriteOutcome.FAILED, reason=reason)


def _skipped(record: RecordRef, reason: str) -> WriteResult:
    return WriteResult(record=record, outcome=WriteOutcome.SKIPPED, reason=reason)
