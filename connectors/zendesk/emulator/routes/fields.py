"""Custom fields of tickets, users and organizations, their options, and ticket forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from .. import problems, shapes_admin
from ..coerce import ids_of
from ..field_schema import add_option, change_field, forget_values, make_field, remove_option
from ..paging import small_list
from ..settings_rows import Field, Form
from ..web import actor, answer, body, needs, number, origin, spend, state

blueprint = Blueprint("zendesk_fields", __name__, url_prefix="/api/v2")

_KINDS = ("ticket_fields", "user_fields", "organization_fields")


def _table(kind: str) -> dict[int, Field]:
    if kind == "ticket_fields":
        return state().ticket_fields
    return state().user_fields if kind == "user_fields" else state().organization_fields


def _field(kind: str, field_id: object) -> Field:
    field = _table(kind).get(number(field_id))
    if field is None:
        raise problems.not_found()
    return field


def _shown(kind: str) -> Callable[[Field], dict[str, Any]]:
    if kind == "ticket_fields":
        return lambda field: shapes_admin.ticket_field(field, origin())
    return lambda field: shapes_admin.keyed_field(field, origin(), kind)


def _list(kind: str) -> Response:
    return answer(small_list(kind, _table(kind).values(), _shown(kind)))


def _show(kind: str, field_id: int) -> Response:
    return answer({kind[:-1]: _shown(kind)(_field(kind, field_id))})


def _create(kind: str) -> Response:
    field = make_field(state(), kind, _table(kind), body(kind[:-1]))
    place = f"{origin()}/api/v2/{kind}/{field.id}.json"
    return answer({kind[:-1]: _shown(kind)(field)}, 201, Location=place)


def _update(kind: str, field_id: int) -> Response:
    field = _field(kind, field_id)
    change_field(state(), kind, field, body(kind[:-1]), actor())
    return answer({kind[:-1]: _shown(kind)(field)})


def _delete(kind: str, field_id: int) -> Response:
    field = _field(kind, field_id)
    if not field.removable:
        raise problems.record_invalid("base", "System fields cannot be deleted", "InvalidValue")
    forget_values(state(), kind, field)
    del _table(kind)[field.id]
    for form in state().forms.values():
        form.ticket_field_ids = [each for each in form.ticket_field_ids if each != field.id]
    return Response(status=204)


def _options(kind: str, field_id: int) -> Response:
    field = _field(kind, field_id)
    return answer(small_list("custom_field_options", field.options, shapes_admin.option))


def _put_option(kind: str, field_id: int) -> Response:
    field = _field(kind, field_id)
    spend("field-options", "", state().options.limits.field_options, 60)
    option, made = add_option(state(), field, body("custom_field_option"))
    told = {"custom_field_option": shapes_admin.option(option)}
    return answer(told, 201 if made else 200)


def _delete_option(kind: str, field_id: int, option_id: int) -> Response:
    field = _field(kind, field_id)
    if not any(option.id == option_id for option in field.options):
        raise problems.not_found()
    remove_option(state(), kind, field, option_id)
    return Response(status=204)


def _register(kind: str) -> None:
    """The same nine routes for each kind, but for options of organization fields."""

    def rule(path: str, method: str, view: Callable[..., Response]) -> None:
        def bound(**ids: int) -> Response:
            return view(kind, **ids)

        name = f"{kind}_{view.__name__.lstrip('_')}"
        role = "agent" if method == "GET" else "admin"
        blueprint.add_url_rule(f"/{kind}{path}", name, needs(role)(bound), methods=[method])

    rule("", "GET", _list)
    rule("", "POST", _create)
    rule("/<int:field_id>", "GET", _show)
    rule("/<int:field_id>", "PUT", _update)
    rule("/<int:field_id>", "DELETE", _delete)
    if kind != "organization_fields":
        rule("/<int:field_id>/options", "GET", _options)
        rule("/<int:field_id>/options", "POST", _put_option)
        rule("/<int:field_id>/options/<int:option_id>", "DELETE", _delete_option)


for _kind in _KINDS:
    _register(_kind)


def _form(form_id: int) -> Form:
    form = state().forms.get(form_id)
    if form is None:
        raise problems.not_found()
    return form


@blueprint.get("/ticket_forms")
def list_forms() -> Response:
    rows = state().forms.values()
    return answer(small_list("ticket_forms", rows, lambda row: shapes_admin.form(row, origin())))


@blueprint.get("/ticket_forms/<int:form_id>")
def show_form(form_id: int) -> Response:
    return answer({"ticket_form": shapes_admin.form(_form(form_id), origin())})


@blueprint.post("/ticket_forms")
@needs("admin")
def create_form() -> Response:
    given = body("ticket_form")
    name = str(given.get("name") or "").strip()
    if not name:
        raise problems.record_invalid("name", "Name: cannot be blank", "BlankValue")
    now = state().now()
    form = Form(state().next_id(), name, now, now, position=len(state().forms))
    state().forms[form.id] = form
    _change_form(form, given)
    return answer({"ticket_form": shapes_admin.form(form, origin())}, 201)


@blueprint.put("/ticket_forms/<int:form_id>")
@needs("admin")
def update_form(form_id: int) -> Response:
    form = _form(form_id)
    _change_form(form, body("ticket_form"))
    return answer({"ticket_form": shapes_admin.form(form, origin())})


def _change_form(form: Form, given: dict[str, Any]) -> None:
    """``ticket_field_ids`` replaces the whole list; system fields cannot be left out."""
    if "ticket_field_ids" in given:
        wanted = ids_of(given["ticket_field_ids"])
        unknown = [each for each in wanted if each not in state().ticket_fields]
        if unknown:
            raise problems.record_invalid(
                "ticket_field_ids", "Ticket fields: are invalid", "InvalidValue"
            )
        fields = state().ticket_fields.values()
        fixed = [f.id for f in fields if not f.removable and f.id not in wanted]
        form.ticket_field_ids = [*fixed, *dict.fromkeys(wanted)]
    if given.get("name"):
        form.name = re.sub(r"\s+", " ", str(given["name"])).strip()
    if "active" in given:
        form.active = bool(given["active"])
    form.updated_at = state().now()


@blueprint.delete("/ticket_forms/<int:form_id>")
@needs("admin")
def delete_form(form_id: int) -> Response:
    form = _form(form_id)
    if form.default:
        raise problems.record_invalid("base", "The default form cannot be deleted", "InvalidValue")
    del state().forms[form.id]
    return Response(status=204)
