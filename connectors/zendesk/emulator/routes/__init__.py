"""The API by area, one blueprint each."""

from __future__ import annotations

from . import (
    agent_pages,
    bulk,
    comments,
    control,
    exports,
    fields,
    jobs,
    oauth,
    organizations,
    satisfaction,
    search,
    tags,
    tickets,
    triggers,
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
    triggers.blueprint,
    satisfaction.blueprint,
    search.blueprint,
    oauth.blueprint,
    control.blueprint,
    agent_pages.blueprint,
)
