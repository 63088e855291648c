"""``keepsake user`` and ``keepsake token``: who may come in."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta

import click

from .failing import Problem
from .homes import actor, home

_ROLES = ("admin", "manager", "agent")


@click.group()
def user() -> None:
    """Add and list the people who may log in."""


@user.command("add")
@click.argument("login")
@click.option("--name", default="", help="How to show them.")
@click.option("--role", type=click.Choice(_ROLES), default="manager", show_default=True)
@click.option("--make-password", is_flag=True, help="Make one and print it, do not ask.")
def add_user(login: str, name: str, role: str, make_password: bool) -> None:
    """Let LOGIN in. Agents look; managers decide about interventions; admins set up."""
    from ..security.passwords import WeakPassword, hash_password
    from ..security.roles import Role
    from ..store import audit, users
    from ..store.users import LoginTaken

    if make_password:
        password = secrets.token_urlsafe(12)
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with home() as ours:
        now = ours.clock()
        try:
            with ours.database.write() as tx:
                users.create(
                    tx,
                    login=login,
                    name=name,
                    password_hash=hash_password(password),
                    role=Role(role),
                    now=now,
                )
                audit.note(tx, actor=actor(), action="user.add", subject=f"user:{login}", now=now)
        except (LoginTaken, WeakPassword) as error:
            raise Problem(str(error)) from error
    click.echo(
        f"{login} may log in as {role}" + (f", password {password}" if make_password else "")
    )


@user.command("list")
def list_users() -> None:
    """Who may log in."""
    from ..store import users

    with home() as ours, ours.database.read() as tx:
        for one in users.find(tx):
            state = "" if one.is_active else "  (may not log in)"
            click.echo(f"{one.login}  {one.role.value}  {one.name}{state}")


@click.group()
def token() -> None:
    """Make, list and revoke tokens for programs."""


@token.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), default="agent", show_default=True)
@click.option("--days", type=click.IntRange(1, 3650), help="How long it is good for.")
@click.option("--json", "as_json", is_flag=True)
def add_token(name: str, role: str, days: int | None, as_json: bool) -> None:
    """Make a token called NAME. It is shown once."""
    from ..security.roles import Role
    from ..security.tokens import make_token
    from ..store import api_tokens, audit

    made = make_token()
    with home() as ours:
        now = ours.clock()
        with ours.database.write() as tx:
            kept = api_tokens.create(
                tx,
                name=name,
                digest=made.digest,
                role=Role(role),
                expires_at=now + timedelta(days=days) if days else None,
                now=now,
            )
            audit.note(tx, actor=actor(), action="token.add", subject=f"token:{kept.id}", now=now)
    if as_json:
        click.echo(json.dumps({"id": kept.id, "name": name, "role": role, "token": made.token}))
    else:
        click.echo(made.token)


@token.command("list")
def list_tokens() -> None:
    """Which tokens there are."""
    from ..store import api_tokens

    with home() as ours, ours.database.read() as tx:
        for one in api_tokens.find(tx):
            state = "revoked" if one.revoked_at else "good"
            click.echo(f"{one.id}  {one.name}  {one.role.value}  {state}")


@token.command("revoke")
@click.argument("number", type=int)
def revoke_token(number: int) -> None:
    """Revoke token NUMBER at once."""
    from ..store import api_tokens, audit

    with home() as ours:
        now = ours.clock()
        with ours.database.write() as tx:
            if not api_tokens.revoke(tx, number, now=now):
                raise Problem(f"there is no good token {number}")
            audit.note(tx, actor=actor(), action="token.revoke", subject=f"token:{number}", now=now)
    click.echo("revoked")
