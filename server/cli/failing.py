"""Which exit code an error means, for scripts that call us."""

from __future__ import annotations

from connectors import errors

#: First match wins; the order follows the tree in ``connectors.errors``.
EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (errors.NeedsReauth, 3),
    (errors.Misconfigured, 4),
    (errors.Retryable, 5),
    (errors.ConnectorError, 1),
)


class Problem(Exception):
    """Something a person must mend; the message says what happened and what to do."""


def exit_code_of(error: BaseException) -> int | None:
    """The exit code for an error raised on purpose; None for one that is a bug."""
    if isinstance(error, Problem):
        return 1
    for kind, code in EXIT_CODES:
        if isinstance(error, kind):
            return code
    return None
