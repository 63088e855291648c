"""What a rule can do. One file for each kind of action; one line for each in ``ACTIONS``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .base import ActionSpec
from .note import NOTE
from .webhook import WEBHOOK

#: Name in a rule file -> what it needs and how it is made. Both are delivered by the server.
ACTIONS: Mapping[str, ActionSpec] = MappingProxyType({spec.kind: spec for spec in (NOTE, WEBHOOK)})
