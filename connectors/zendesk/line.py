"""The one way out to Zendesk: every call, zenpy's and ours, goes through ``Line.call``.

It pins the host (answers hold absolute links, and a token must never follow one elsewhere),
signs the call, books its rate budgets, renews a refused sign-in once, listens to the rate
headers and turns every other answer into one of our errors, so that zenpy never sees a 429 and
never starts its endless wait.

Budgets, all per connection (docs: rate-limits; figures per minute):

``api``        the share of what the account's plan allows, as its headers say
``export``     10 incremental exports, in any minute
``ticket:ID``  30 updates in any 10 minutes
``updates``    100 ticket updates; we use 80
``user:ID``    5 updates; we use 2, bursts included that stays below 5
``users``      60 user updates (one a second); we use 50
``jobs``       bulk updates: 30 may be queued or running; we start 20
``webhooks``   100 calls to the webhook API; we use 80
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit, urlunsplit

from ..errors import ConnectorError, Gone, Locked, Misconfigured, NeedsReauth
from ..http import Answer, Budget, Turnstile, error_for
from .auth import SignIn, origin_of

log = logging.getLogger(__name__)

#: Until an answer tells the account's limit, suppose a small plan (Suite Team: 200 a minute).
_FIRST_GUESS = 200.0
#: With less than this share of the minute left, everybody waits for the next one.
_RESERVE = 0.05

#: Ten in any minute: five at once after a rest, and five more as the minute passes.
EXPORT = Budget(name="export", per_minute=5.0, burst=5.0)
UPDATES = Budget(name="updates", per_minute=80.0)
USERS = Budget(name="users", per_minute=50.0)
JOBS = Budget(name="jobs", per_minute=20.0)
WEBHOOKS = Budget(name="webhooks", per_minute=80.0)

_LIMIT_HEADER = re.compile(r"zendesk-rate-?limit-(.+)")
_ONE_RECORD = re.compile(r"/(tickets|users)/(\d+)(?:\.json)?$")
#: Request headers in, answer out: what httpx and zenpy's adapter each do in their own way.
Send = Callable[[str, str], Answer]


def ticket_budget(ticket_id: str) -> Budget:
    # Thirty in any ten minutes: a lively ticket must not wait for its second note.
    return Budget(name=f"ticket:{ticket_id}", per_minute=2.0, burst=10.0)


def user_budget(user_id: str) -> Budget:
    return Budget(name=f"user:{user_id}", per_minute=2.0)


NO_ANSWER = Answer(status=0, headers={}, body=b"")


class Line:
    """``last`` is the answer of the latest call, for what zenpy's objects drop. ``share``: how much
    of the account's limit we may use; the rest is for the customer's other tools. One thread
    each."""

    def __init__(
        self,
        *,
        subdomain: str,
        base_url: str | None,
        sign_in: SignIn,
        turnstile: Turnstile,
        share: float,
    ) -> None:
        self._share = share
        self.official = urlsplit(origin_of(subdomain))
        self.actual = urlsplit(origin_of(subdomain, base_url))
        self.turnstile = turnstile
        self.sign_in = sign_in
        self.last = NO_ANSWER
        self._limit = _FIRST_GUESS

    @property
    def host(self) -> str:
        return self.actual.hostname or ""

    def route(self, url: str) -> str:
        """The address to really call. Raises ``Misconfigured`` for any host but our own."""
        parts = urlsplit(url)
        if parts.netloc not in (self.official.netloc, self.actual.netloc):
            raise Misconfigured(
                "Zendesk's answer points to another host; the link is not followed."
            )
        return urlunsplit(parts._replace(scheme=self.actual.scheme, netloc=self.actual.netloc))

    def official_url(self, url: str) -> str:
        """``url`` with the official host in place of the actual one."""
        official = self.official
        return urlunsplit(urlsplit(url)._replace(scheme=official.scheme, netloc=official.netloc))

    def call(self, method: str, url: str, send: Send) -> Answer:
        """Make one call. ``send`` takes the address and the Authorization header.
        Returns a 2xx answer or raises ``ConnectorError``."""
        address = self.route(url)
        path = urlsplit(address).path
        budgets = [Budget(name="api", per_minute=self._limit * self._share)]
        budgets += budgets_for(method, path)
        header = self.sign_in.header()

        def attempt() -> Answer:
            answer = send(address, header)
            if WEBHOOKS not in budgets and "/guide/" not in path:
                # Those count apart, under the same header names.
                self._listen(answer)
            return answer

        answer = self.turnstile.pass_through(attempt, budgets)
        if answer.status == 401:
            header = self.sign_in.renew(header)
            answer = self.turnstile.pass_through(attempt, budgets)
        self.last = answer
        log.debug(
            "zendesk %s %s: %s, request %s",
            method,
            path,
            answer.status,
            answer.headers.get("x-request-id", "-"),
        )
        if warning := answer.headers.get("x-zendesk-api-warn"):
            # Zendesk ignores keys it does not know; their names (never values) stand here.
            log.warning("zendesk %s %s ignored: %.200s", method, path, warning)
        if (error := self._error(answer, f"{method} {path}")) is not None:
            raise error
        return answer

    def _listen(self, answer: Answer) -> None:
        """Learn the account's limit; stop early when the minute is nearly used up."""
        limit = _number(answer.headers, "x-rate-limit", "ratelimit-limit")
        left = _number(answer.headers, "x-rate-limit-remaining", "ratelimit-remaining")
        if limit and limit >= 1:
            self._limit = limit
        if limit and left is not None and left <= limit * _RESERVE and answer.status != 429:
            seconds = _number(answer.headers, "ratelimit-reset", "rate-limit-reset")
            if seconds:
                self.turnstile.pause("api", seconds)
        for name, value in answer.headers.items():
            if (found := _LIMIT_HEADER.fullmatch(name)) and found[1] == "incremental-exports":
                figures = dict(re.findall(r"(\w+)=(\d+)", value))
                if figures.get("remaining") == "0" and answer.status != 429:
                    self.turnstile.pause(EXPORT.name, float(figures.get("resets", 0)))

    def _error(self, answer: Answer, call: str) -> ConnectorError | None:
        body = _json_or_none(answer)
        code = _code_of(body)
        if answer.status == 401:
            return NeedsReauth(
                "Zendesk no longer accepts this sign-in. Run `keepsake connect zendesk` again."
            )
        if 300 <= answer.status < 400 or (answer.status == 404 and body is None):
            return Misconfigured(
                f"There is no Zendesk account at {self.host}. Check the subdomain."
            )
        if answer.status == 422 and _is_closed(body):
            return Locked("The ticket is closed; Zendesk takes no more changes to it.")
        if answer.status == 404 and code == "InvalidEndpoint":
            return Unknown(f"Zendesk does not know {call}; the account's plan may lack it.")
        return error_for(answer, system="Zendesk", call=call, code=code)


class Unknown(Gone):
    """The endpoint itself is missing: the account's plan does not have this feature."""


def budgets_for(method: str, path: str) -> list[Budget]:
    """The special budgets a call draws on besides ``api``."""
    if "/incremental/" in path:
        return [EXPORT]
    if "/webhooks" in path:
        return [WEBHOOKS]
    if path.endswith("/update_many.json"):
        return [JOBS]
    if method == "PUT":
        found = _ONE_RECORD.search(path)
        if found and found[1] == "tickets":
            return [UPDATES, ticket_budget(found[2])]
        if found:
            return [USERS, user_budget(found[2])]
    return []


def _number(headers: Mapping[str, str], *names: str) -> float | None:
    for name in names:
        try:
            return float(headers[name])
        except (KeyError, ValueError):
            continue
    return None


def _json_or_none(answer: Answer) -> object:
    if answer.status < 400 or not answer.is_json:
        return None
    try:
        return answer.json()
    except ConnectorError:
        return None


def _code_of(body: object) -> str:
    """The vendor's word for an error, from any of the five shapes it comes in; never its prose,
    which may quote what a customer wrote."""
    if not isinstance(body, dict):
        return ""
    error = body.get("error")
    if isinstance(error, dict):
        error = error.get("title") or error.get("code")
    if not error and isinstance(body.get("errors"), list) and body["errors"]:
        first = body["errors"][0]
        error = first.get("code") if isinstance(first, dict) else None
    return error if isinstance(error, str) and len(error) < 60 else ""


def _is_closed(body: object) -> bool:
    details = body.get("details") if isinstance(body, dict) else None
    entries = details.get("status") if isinstance(details, dict) else None
    if not isinstance(entries, list):
        return False
    return any("closed prevents" in str(e.get("description", "")) for e in entries if e)
