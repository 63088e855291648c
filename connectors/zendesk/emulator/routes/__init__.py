"""The API by area, one blueprint each."""

from __future__ import annotations

from . import (
    bulk,
    comments,
    exports,
    fields,
    jobs,
    organizations,
    tags,
    tickets,
    users,
    webhooks,
)

BLUEPRINTS = (
    tickets.blueprint,
    bulk.blueprint,
    comments.blueprint,
    tags.blueprint,
    users.blueprint,
    organizations.blueprint,
    fields.blueprint,
    exports.blueprint,
    jobs.blueprint,
    webhooks.blueprint,
)
