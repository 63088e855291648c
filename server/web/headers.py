"""Headers that tell browsers what these pages never do: run foreign code, be framed, be kept."""

from __future__ import annotations

from flask import Flask, Response, request

#: Everything comes from us; no script or style stands inside a page.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def set_headers(app: Flask, *, secure: bool) -> None:
    """Add them to every answer, errors included."""

    @app.after_request
    def add(answer: Response) -> Response:
        headers = answer.headers
        headers["Content-Security-Policy"] = POLICY
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        # Not no-referrer: over https the form check compares the referrer with our address.
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if request.endpoint != "static":
            # Pages hold customers' words: no shared machine's cache may show them later.
            headers["Cache-Control"] = "no-store"
        if secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        return answer
