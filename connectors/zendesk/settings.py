"""What to ask when a Zendesk connection is made, by way of signing in."""

from __future__ import annotations

from ..base import Setting
from .auth import subdomain_of

SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="subdomain",
        prompt="Zendesk subdomain",
        help="The word before .zendesk.com in the address your agents use, for example acme.",
        public=True,
        tidy=subdomain_of,
    ),
    Setting(
        name="kind",
        prompt="How to sign in",
        choices=("oauth", "client_credentials", "api_token"),
        help=(
            "oauth: an admin authorises in the browser. client_credentials: no browser, acts as"
            " the client's owner. api_token: legacy, ends on 2027-04-30."
        ),
    ),
    Setting(
        name="client_id",
        prompt="OAuth client: unique identifier",
        help="Admin Center > Apps and integrations > APIs > OAuth clients.",
        kinds=("oauth", "client_credentials"),
    ),
    Setting(
        name="client_secret",
        prompt="OAuth client: secret",
        help="Shown once, when the client is made. Public clients have none: leave it empty.",
        secret=True,
        required=False,
        kinds=("oauth", "client_credentials"),
    ),
    Setting(
        name="email",
        prompt="E-mail of the admin the token acts as",
        kinds=("api_token",),
    ),
    Setting(
        name="token",
        prompt="API token",
        secret=True,
        help="Admin Center > Apps and integrations > APIs > API tokens.",
        kinds=("api_token",),
    ),
)
