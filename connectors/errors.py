"""What can go wrong with a source system, sorted by what the caller must do about it.

ConnectorError
├── Retryable              wait, then try the same call again
│   ├── RateLimited        the system (or our own budget) said how long to wait
│   ├── Conflict           the record changed since we read it: read it again, decide again
│   └── Unavailable        5xx, timeout, connection reset, cut answer
├── NeedsReauth            stop this connection; a person must authorise again
├── Misconfigured          a person must change a setting or a permission over there
├── Skippable              this one record is beyond help; note it and go on
│   ├── Gone               deleted or merged into another
│   └── Locked             closed; it takes no more changes
└── WebhookRejected        answer 4xx and store nothing

Messages are for the person who must act: what happened, then what to do. No customer text, no
query string, no token in them.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Base of everything a connector raises on purpose."""

    #: Stable, machine-readable name of the state, shown in APIs and kept on the connection.
    code = "connector_error"


class Retryable(ConnectorError):
    code = "retryable"


class RateLimited(Retryable):
    """``retry_after``: seconds to wait before the same call may be made again."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Conflict(Retryable):
    code = "conflict"


class Unavailable(Retryable):
    code = "unavailable"


class NeedsReauth(ConnectorError):
    code = "needs_reauth"


class Misconfigured(ConnectorError):
    code = "misconfigured"


class Skippable(ConnectorError):
    code = "skippable"


class Gone(Skippable):
    code = "gone"


class Locked(Skippable):
    code = "locked"


class WebhookRejected(ConnectorError):
    """``status``: the 4xx to answer with."""

    code = "webhook_rejected"

    def __init__(self, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.status = status
