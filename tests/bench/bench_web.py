"""What the web process has in memory after work, and how soon the command line answers.

The process is the real one under gunicorn. It takes a webhook, logs somebody in and shows every
page before it is looked at, so that nothing is missing only because it was not asked for yet.
"""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from installed import CONNECTION, PASSWORD, Installed, family, install, running
from load import prepared
from result import Result

from server.cli.running import web_command

HELP_BAR = 0.3
HELP_RUNS = 7
#: Shared libraries of the model's side. Flair is plain Python and cannot be there without torch.
HEAVY = re.compile(r"/(libtorch[^/]*|_C\.cpython[^/]*|onnxruntime[^/]*|tokenizers[^/]*)\.so")
PAGES = ("/", "/moments", "/interventions", "/people", "/healthz", "/readyz", "/metrics")


def measure() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="keepsake-bench-") as folder:
        made = install(Path(folder))
        with running(web_command(), made, ready="/healthz") as process:
            _use(made)
            memory = _memory(family(process.pid))
    return [memory, _help()]


def _use(made: Installed) -> None:
    line = http.client.HTTPConnection("127.0.0.1", made.port, timeout=30)
    [(_, raw)] = prepared(
        1, port=made.port, path=f"/webhooks/{CONNECTION}", secret=made.webhook_secret
    )
    head, _, body = raw.partition(b"\r\n\r\n")
    headers = dict(each.split(": ", 1) for each in head.decode().split("\r\n")[1:])
    _ask(line, "POST", f"/webhooks/{CONNECTION}", body, headers, expect=202)
    form = _ask(line, "GET", "/login", expect=200)
    token = re.search(rb'name="csrf_token" value="([^"]+)"', form[1])
    assert token is not None
    cookies = {"Cookie": form[0]}
    told = {"login": "bench", "password": PASSWORD, "csrf_token": token[1].decode()}
    typed = {**cookies, "Content-Type": "application/x-www-form-urlencoded"}
    cookie, _ = _ask(line, "POST", "/login", urlencode(told).encode(), typed, expect=303)
    for page in PAGES:
        _ask(line, "GET", page, headers={"Cookie": cookie}, expect=200)
    line.close()


def _ask(
    line: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    *,
    expect: int,
) -> tuple[str, bytes]:
    """The cookie that was set, and the answer's body."""
    line.request(method, path, body=body, headers=headers or {})
    answer = line.getresponse()
    said = answer.read()
    if answer.status != expect:
        sys.exit(f"{method} {path} was answered {answer.status}, not {expect}")
    return (answer.getheader("Set-Cookie") or "").partition(";")[0], said


def _memory(pids: list[int]) -> Result:
    mapped = {
        Path(found[0]).name
        for pid in pids
        for found in HEAVY.finditer(Path(f"/proc/{pid}/maps").read_text())
    }
    sizes = [_megabytes(pid) for pid in pids]
    return Result(
        name="libraries of the model in the web process",
        value=len(mapped),
        unit="libraries",
        bar=0,
        at_least=False,
        notes=(
            f"resident: {sizes[-1]:.0f} MB the web process, {sizes[0]:.0f} MB gunicorn's own"
            + (f"; found {', '.join(sorted(mapped))}" if mapped else ""),
        ),
        figures={"resident MB": [round(one, 1) for one in sizes], "found": sorted(mapped)},
    )


def _megabytes(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def _help() -> Result:
    command = Path(sys.executable).with_name("keepsake")
    asked = [str(command)] if command.exists() else [sys.executable, "-m", "server.cli"]
    took: dict[str, list[float]] = {"help": [], "python": []}
    for _ in range(HELP_RUNS + 1):
        for name, line in (("help", [*asked, "--help"]), ("python", [sys.executable, "-c", ""])):
            began = time.perf_counter()
            subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
            took[name].append(time.perf_counter() - began)
    # The first of each reads from the disk.
    seconds, python = (median(one[1:]) for one in took.values())
    return Result(
        name="keepsake --help",
        value=seconds,
        unit="s",
        bar=HELP_BAR,
        at_least=False,
        notes=(
            f"median of {HELP_RUNS}; fastest {min(took['help']):.2f} s; "
            f"an empty Python starts in {python:.2f} s",
        ),
        figures={"took": [round(one, 3) for one in took["help"]], "empty python": round(python, 3)},
    )
