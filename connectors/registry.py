"""Which systems we can talk to: slug -> where the connector lives, imported when first asked."""

from __future__ import annotations

from importlib import import_module
from typing import Any

CONNECTORS: dict[str, str] = {
    "zendesk": "connectors.zendesk.connector:ZendeskConnector",
}


def connector_class(slug: str) -> Any:
    """The connector class for ``slug``. Raises ``KeyError`` naming the known ones."""
    try:
        module, name = CONNECTORS[slug].split(":")
    except KeyError:
        raise KeyError(f"no connector for {slug!r}; known: {', '.join(CONNECTORS)}") from None
    return getattr(import_module(module), name)
