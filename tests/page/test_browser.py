"""The page in a real browser: every view, in both languages, at three widths, and used.

Needs Playwright and a Chromium (`pip install playwright`, Debian's package `chromium`); the rules
of accessibility are those of axe-core, which `scripts/front_end` installs.
"""

from __future__ import annotations

import http.server
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from geartrain.commands.learn import workshop
from geartrain.page.app import STATIC
from geartrain.page.serving import Server

pytestmark = pytest.mark.nightly
AXE = Path(__file__).parents[2] / "scripts/front_end/node_modules/axe-core/axe.min.js"
VIEWS = [path.stem for path in sorted(STATIC.glob("views/*.js"))]
WIDTHS = (390, 820, 1280)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic",
]  # fmt: skip
PICTURES = os.environ.get("GEARTRAIN_PICTURES")  # a folder for pictures to look at


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as p:
        yield p.chromium.launch(executable_path=found, args=ARGUMENTS)


@pytest.fixture(scope="module")
def server():
    with Server(workshop("chapter", ["digits"])) as one:
        yield one


class Complaints(list):
    """What the browser's console and the page's scripts complain of."""

    def __init__(self, page):
        super().__init__()
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("console", lambda m: m.type in ("error", "warning") and self.append(m.text))


def opened(browser, server, width=1280, language="en", scheme="light"):
    locale = {"en": "en-US", "ko": "ko-KR"}[language]
    page = browser.new_page(
        viewport={"width": width, "height": 900}, locale=locale, color_scheme=scheme
    )
    complaints = Complaints(page)
    page.goto(server.address)
    page.wait_for_selector("#controls button")
    return page, complaints


def turn_to(page, view):
    page.evaluate(f"location.hash = '{view}'")
    page.wait_for_selector(f"nav a[href='#{view}'][aria-current=page]")
    page.wait_for_selector("main .card")
    page.wait_for_timeout(1200)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_view_shows_without_complaint(browser, server, width, language):
    page, complaints = opened(browser, server, width, language, "dark" if width == 820 else "light")
    assert page.locator("html").get_attribute("lang") == language
    for view in VIEWS:
        turn_to(page, view)
        assert page.locator("main h2").inner_text()
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width + 1, f"{view} is {wide} wide on a screen of {width}"
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/{view}-{language}-{width}.png", full_page=True)
    assert complaints == []
    page.close()


def draw_seven(page):
    box = page.locator(".pad").bounding_box()
    x, y = box["x"] + 80, box["y"] + 60
    page.mouse.move(x, y)
    page.mouse.down()
    for k in range(30):
        page.mouse.move(x + 4 * k, y)
    for k in range(30):
        page.mouse.move(x + 116 - 2.4 * k, y + 5.4 * k)
    page.mouse.up()


def test_from_start_to_a_drawn_digit_that_is_recognised(browser):
    with Server(workshop("chapter", ["digits"])) as server:
        page, complaints = opened(browser, server)
        page.get_by_role("button", name="Start", exact=True).click()
        page.wait_for_selector("#status:has-text('epoch 5')", timeout=60_000)
        page.get_by_role("link", name="Draw").click()
        page.wait_for_selector(".pad")
        draw_seven(page)
        page.wait_for_selector(".pad[data-best='7']", timeout=10_000)
        assert complaints == []
        page.close()


def test_one_step_and_one_more(browser):
    with Server(workshop("chapter", ["digits"])) as server:
        page, _ = opened(browser, server)
        for step in ("Step 1,", "Step 2,"):
            page.get_by_role("button", name="One step").click()
            page.wait_for_selector(f"#status:has-text('{step}')", timeout=30_000)
        page.close()


def test_a_layer_chosen_in_one_view_is_chosen_in_all(browser, server):
    page, _ = opened(browser, server)
    turn_to(page, "network")
    page.locator(".gear").nth(1).click()
    name = page.locator(".gear[aria-pressed=true] small").first.inner_text()
    turn_to(page, "train")
    page.wait_for_selector("tr.chosen")
    assert page.locator("tr.chosen button").first.inner_text().startswith(name + ".")
    turn_to(page, "gears")
    assert page.locator("main select").first.input_value() == name
    page.close()


def test_a_layer_is_changed_and_the_code_follows(browser):
    with Server(workshop("chapter", ["digits"])) as server:
        page, complaints = opened(browser, server)
        turn_to(page, "network")
        units = page.get_by_label("units")
        units.fill("32")
        units.press("Enter")
        page.wait_for_selector("pre:has-text('layers.Dense(32, activation=')")
        page.wait_for_selector(".gear:has-text('25,120')")
        assert complaints == []
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_assistive_technology(browser, server, scheme):
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci in scripts/front_end")
    page, _ = opened(browser, server, scheme=scheme)
    found = {}
    for view in VIEWS:
        turn_to(page, view)
        page.evaluate(AXE.read_text("utf-8"))
        result = page.evaluate("axe.run()")
        for one in result["violations"]:
            nodes = [node["html"][:120] for node in one["nodes"][:2]]
            found[f"{view}: {one['id']}"] = (one["help"], nodes)
    assert found == {}
    page.close()


def test_the_page_is_used_by_keyboard(browser, server):
    page, _ = opened(browser, server)
    seen = []
    for _ in range(16):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 20)"))
    assert seen[0] == "Skip to the view"
    assert {"Start", "One step", "Data", "Gears"} <= set(seen)
    page.close()


HOSTILE = """<!doctype html><title>hostile</title><script>
window.done = (async () => {
  const told = [];
  const ways = [
    () => fetch("BASE/api/data/describe"),
    () => fetch("BASE/api/data/describe", { headers: { Authorization: "Bearer x" } }),
    () => fetch("BASE/api/train/steer", { method: "POST", mode: "no-cors", body: '{"to":"run"}' }),
    () => fetch("BASE/api/network/change", { method: "POST", body: "{}" }),
    () => import("BASE/words.js"),
  ];
  for (const way of ways) {
    try { const r = await way(); told.push(r.type === "opaque" ? "opaque" : await r.text()); }
    catch (error) { told.push("refused"); }
  }
  const frame = document.createElement("iframe");
  frame.src = "BASE/";
  document.body.append(frame);
  await new Promise((done) => setTimeout(done, 1500));
  try { told.push(frame.contentDocument.title); } catch (error) { told.push("refused"); }
  return told;
})();
</script><body></body>"""


def test_a_hostile_page_can_neither_read_nor_steer(browser):
    shop = workshop("chapter", ["digits"])
    with Server(shop) as server:
        base = server.address.split("/#")[0]
        before = [np.array(weight) for weight in shop.model.get_weights()]

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(HOSTILE.replace("BASE", base).encode())

            def log_message(self, *arguments):
                """Say nothing."""

        other = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=other.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{other.server_port}/")
        told = page.evaluate("window.done")
        assert told == ["refused"] * 6
        assert shop.control.mode == "pause"
        assert shop.runs == []
        assert all(map(np.array_equal, before, shop.model.get_weights()))
        other.shutdown()
        other.server_close()
        page.close()
