"""The pages in a real browser: what a manager does with them, wide and narrow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.store import interventions

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        reason = "chromium is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        # The sandbox of chromium needs more than a container gives; the pages are ours.
        launched = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def address(world: Any, world_module: Any) -> Iterator[str]:
    with world_module.serve(world.app()) as url:
        yield url


class Visit:
    """A browser window that keeps note of everything that goes wrong in it."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.address = address
        self.wrong: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.wrong.append(said.text))
        page.on("dialog", lambda dialog: (self.wrong.append("dialog"), dialog.dismiss()))

    def log_in(self, role: str, password: str) -> None:
        self.page.goto(self.address)
        self.page.get_by_label("Login").fill(role)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(f"{self.address}/")


@pytest.fixture
def open_window(browser: Any, address: str) -> Iterator[Any]:
    contexts = []

    def make(**options: Any) -> Visit:
        contexts.append(browser.new_context(**{"viewport": WIDE, **options}))
        return Visit(contexts[-1].new_page(), address)

    yield make
    for context in contexts:
        context.close()


def test_a_manager_sees_a_moment_approves_and_reads_the_timeline(
    open_window: Any, world: Any, world_module: Any
) -> None:
    visit = open_window()
    visit.log_in("manager", world_module.PASSWORD)
    page = visit.page
    assert page.get_by_role("heading", name="Today").is_visible()
    assert page.get_by_text("I am tired of chasing this").first.is_visible()

    page.locator("#waiting details", has_text="Why").locator("summary").last.click()
    why = page.locator("#waiting").get_by_text("happened within 2 days (was 24 minutes ago)")
    assert why.is_visible()
    page.get_by_role("button", name="Approve: Alert the team lead").click()
    assert page.get_by_role("status").get_by_text("Approved. It goes out").is_visible()
    with world.database.read() as tx:
        kept = interventions.get(tx, world.intervention["alert"])
    assert (kept.state.value, kept.decided_by) == ("approved", "user:manager")

    page.locator("#moments").get_by_role("link", name="Dana Whitfield").first.click()
    assert page.get_by_role("heading", name="Dana Whitfield").is_visible()
    assert page.locator("mark", has_text="third time").is_visible()
    assert page.locator(".curve circle").count() == 4
    assert page.get_by_text("unsure: too short to tell").is_visible()

    page.get_by_role("button", name="Log out").click()
    assert page.get_by_role("heading", name="Log in").is_visible()
    assert visit.wrong == []


def test_declining_keeps_it_in(open_window: Any, world: Any, world_module: Any) -> None:
    visit = open_window()
    visit.log_in("admin", world_module.PASSWORD)
    visit.page.get_by_role("button", name="Decline: Alert the team lead").click()
    assert visit.page.get_by_text("Declined. Nothing goes out.").is_visible()
    assert visit.page.get_by_role("heading", name="Waiting for you").count() == 0


def test_everything_works_without_javascript(
    open_window: Any, world: Any, world_module: Any
) -> None:
    visit = open_window(java_script_enabled=False)
    visit.log_in("manager", world_module.PASSWORD)
    visit.page.get_by_role("button", name="Approve: Alert the team lead").click()
    assert visit.page.get_by_text("Approved. It goes out in a moment.").is_visible()


def test_a_new_moment_appears_by_itself_and_leaves_open_what_was_opened(
    open_window: Any, world: Any, world_module: Any
) -> None:
    visit = open_window()
    visit.log_in("manager", world_module.PASSWORD)
    page = visit.page
    page.locator("#interventions summary", has_text="Why").first.click()
    world_module.propose(world, "thank-again", "ravi", "5001", needs_approval=False, cause="live")
    page.get_by_role("heading", name="thank-again").wait_for(timeout=15_000)
    opened = page.locator(f"#why-{world.intervention['thanks']}")
    assert opened.get_attribute("open") is not None
    assert page.evaluate("document.activeElement.closest('details').id") == (
        f"why-{world.intervention['thanks']}"
    )
    assert visit.wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_hangs_over_the_edge(
    size: dict[str, int], scheme: str, open_window: Any, world: Any, world_module: Any,
    tmp_path: Path,
) -> None:  # fmt: skip
    visit = open_window(viewport=size, color_scheme=scheme)
    visit.log_in("manager", world_module.PASSWORD)
    paths = ["/", "/moments", "/interventions", "/people"]
    paths += [f"/people/{world.person[slug]}" for slug in ("dana", "mallory", "quinn")]
    for path in paths:
        visit.page.goto(visit.address + path)
        for summary in visit.page.locator("summary").all():
            summary.click()
        width = visit.page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], path
    assert visit.wrong == []


def test_hostile_words_run_nothing(open_window: Any, world: Any, world_module: Any) -> None:
    visit = open_window()
    visit.log_in("manager", world_module.PASSWORD)
    for path in ("/", "/people", f"/people/{world.person['mallory']}"):
        visit.page.goto(visit.address + path)
    assert visit.page.locator("h1").inner_text().startswith("<script>alert")
    assert visit.page.locator(".words img").count() == 0
    assert visit.wrong == []


def test_the_keyboard_alone_gets_in_and_skips_to_the_content(
    open_window: Any, world_module: Any
) -> None:
    visit = open_window()
    page = visit.page
    page.goto(visit.address)
    # The login field has the focus already.
    page.keyboard.type("manager")
    page.keyboard.press("Tab")
    page.keyboard.type(world_module.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{visit.address}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


#: Contrast of every text against what lies behind it, as WCAG 2.2 reckons it (1.4.3).
CONTRAST = """
() => {
  const lit = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * lit(r) + 0.7152 * lit(g) + 0.0722 * lit(b);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !node.getClientRects().length || node.closest("svg, .skip, .hidden")) continue;
    const a = light(parse(getComputedStyle(node).color)), b = light(behind(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${node.tagName}.${node.className} ${ratio.toFixed(2)}`);
  }
  return [...new Set(poor)];
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(
    scheme: str, open_window: Any, world: Any, world_module: Any
) -> None:
    visit = open_window(color_scheme=scheme)
    visit.log_in("manager", world_module.PASSWORD)
    for path in ("/", "/interventions", "/people", f"/people/{world.person['dana']}"):
        visit.page.goto(visit.address + path)
        for summary in visit.page.locator("summary").all():
            summary.click()
        assert visit.page.evaluate(CONTRAST) == [], path


def test_every_field_and_button_has_a_name(open_window: Any, world: Any, world_module: Any) -> None:
    visit = open_window()
    visit.log_in("manager", world_module.PASSWORD)
    for path in ("/", "/people", "/interventions", f"/people/{world.person['dana']}"):
        visit.page.goto(visit.address + path)
        nameless = visit.page.evaluate(
            """() => [...document.querySelectorAll("input:not([type=hidden]), button, a, summary")]
            .filter((n) => !(n.getAttribute("aria-label") || n.labels?.length || n.textContent.trim()))
            .map((n) => n.outerHTML)"""
        )
        assert nameless == []
        ids = visit.page.evaluate("[...document.querySelectorAll('[id]')].map((n) => n.id)")
        assert len(ids) == len(set(ids)), path
