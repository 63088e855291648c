"""The least that can call itself durable: one row inserted and committed, then 202.

Run by the same gunicorn command and settings as the web process, with the same door to the
database (same pragmas). It verifies nothing, reads nothing and keeps no duplicate out.
"""

from __future__ import annotations

from flask import Flask, request

from config.settings import load
from server.store import open_database


def application() -> Flask:
    settings = load()
    database = open_database(settings.database_url, pool_size=settings.database_pool)
    kind, mark = ("INTEGER", "?") if database.is_sqlite else ("BIGSERIAL", "%s")
    with database.write() as tx:
        tx.exec_driver_sql(
            f"CREATE TABLE IF NOT EXISTS arrival (id {kind} PRIMARY KEY, connection TEXT, body TEXT)"
        )
    insert = f"INSERT INTO arrival (connection, body) VALUES ({mark}, {mark})"
    app = Flask(__name__)

    @app.post("/webhooks/<connection_id>")
    def receive(connection_id: str) -> tuple[str, int]:
        body = request.get_data(as_text=True)
        with database.write() as tx:
            tx.exec_driver_sql(insert, (connection_id, body))
        return "", 202

    @app.get("/healthz")
    def alive() -> str:
        return "ok"

    return app
