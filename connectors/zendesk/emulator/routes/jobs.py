"""How far bulk work has come."""

from __future__ import annotations

from flask import Blueprint, Response

from .. import problems
from ..jobs import look
from ..paging import small_list
from ..shapes_admin import job as job_shape
from ..web import answer, ids_given, origin, state

blueprint = Blueprint("zendesk_jobs", __name__, url_prefix="/api/v2")


@blueprint.get("/job_statuses")
def list_jobs() -> Response:
    rows = state().jobs.values()
    return answer(small_list("job_statuses", rows, lambda row: job_shape(row, origin())))


@blueprint.get("/job_statuses/show_many")
def show_many() -> Response:
    rows = [job for each in ids_given() if (job := state().jobs.get(each))]
    for job in rows:
        look(state(), job)
    return answer({"job_statuses": [job_shape(job, origin()) for job in rows]})


@blueprint.get("/job_statuses/<job_id>")
def show(job_id: str) -> Response:
    job = state().jobs.get(job_id)
    if job is None:
        raise problems.not_found()
    look(state(), job)
    return answer({"job_status": job_shape(job, origin())})
