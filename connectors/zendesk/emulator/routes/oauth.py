"""Consent, tokens, and what became of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from .. import problems, shapes_admin
from ..oauth import give_token, grant_code, start_grant
from ..paging import small_list
from ..settings_rows import OAuthClient, OAuthToken
from ..web import answer, needs, origin, principal, state

blueprint = Blueprint("zendesk_oauth", __name__)


@blueprint.get("/oauth/authorizations/new")
@needs("anyone")
def ask() -> AnyResponse | str:
    """A tiny form for a person to say yes or no; or yes at once, where the account is so made."""
    client, scopes, _ = start_grant(state(), request.args)
    if state().options.auto_consent:
        return _back(request.args, allowed=True)
    return render_template(
        "zendesk/consent.html",
        client=client,
        scopes=scopes,
        asked=request.args,
        user=state().integration,
    )


@blueprint.post("/oauth/authorizations")
@needs("anyone")
def decide() -> AnyResponse:
    return _back(request.form, allowed=request.form.get("decision") == "allow")


def _back(asked: Any, *, allowed: bool) -> AnyResponse:
    _, _, place = start_grant(state(), asked)
    if allowed:
        told = {"code": grant_code(state(), asked).code}
    else:
        why = "The end-user or authorization server denied the request."
        told = {"error": "access_denied", "error_description": why}
    if asked.get("state"):
        told["state"] = asked["state"]
    return redirect(f"{place}{'&' if '?' in place else '?'}{urlencode(told)}")


@blueprint.post("/oauth/tokens")
@needs("anyone")
def exchange() -> Response:
    given = request.get_json(force=True, silent=True) if request.get_data() else None
    if not isinstance(given, dict):
        given = request.form.to_dict()
    return answer(give_token(state(), given))


def _client(token: OAuthToken) -> OAuthClient | None:
    clients = state().oauth_clients.values()
    return next((client for client in clients if client.id == token.client_id), None)


def _shown(token: OAuthToken) -> dict[str, Any]:
    return shapes_admin.oauth_token(token, _client(token), origin())


@blueprint.get("/api/v2/oauth/tokens")
@needs("user")
def list_tokens() -> Response:
    mine = [t for t in state().oauth_tokens.values() if t.user_id == principal().user.id]
    return answer(small_list("tokens", mine, _shown))


@blueprint.get("/api/v2/oauth/tokens/current")
@needs("user")
def current() -> Response:
    """404 for those who came with an API token: there is no OAuth token then."""
    token = state().oauth_tokens.get(principal().token_id or 0)
    if token is None:
        raise problems.not_found()
    return answer({"token": _shown(token)})


@blueprint.get("/api/v2/oauth/tokens/<int:token_id>")
@needs("user")
def show(token_id: int) -> Response:
    return answer({"token": _shown(_own(token_id))})


@blueprint.delete("/api/v2/oauth/tokens/current")
@needs("user")
def revoke_current() -> Response:
    return revoke(principal().token_id or 0)


@blueprint.delete("/api/v2/oauth/tokens/<int:token_id>")
@needs("user")
def revoke(token_id: int) -> Response:
    del state().oauth_tokens[_own(token_id).id]
    return Response(status=204)


def _own(token_id: int) -> OAuthToken:
    token = state().oauth_tokens.get(token_id)
    if token is None or token.user_id != principal().user.id:
        raise problems.not_found()
    return token
