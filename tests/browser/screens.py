"""Takes pictures of every page of a demonstration and lets axe look at each.

`python -m tests.browser.screens [OUT] [--readme] [--url URL --link LINK]`. Without --url it starts
a demonstration of its own in a throw-away folder and ends it afterwards.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"1440": (1440, 860), "390": (390, 844)}
PAGES = {
    "board": "board/",
    "brief": "brief/",
    "review-queue": "review/",
    "approvals": "approvals/",
    "exports": "exports/",
    "budget": "budget/",
    "ledger": "budget/ledger/",
    "lost-answers": "budget/unsettled/",
    "invoice": "budget/invoice/",
    "campaigns": "campaigns/",
    "campaign-new": "campaigns/new/",
    "models": "models/",
    "limits": "limits/",
    "watch": "watch/",
    "people": "people/",
    "throughput": "throughput/",
    "routing": "routing/",
    "what-if": "routing/what-if/?days=90&highest_tier=low",
    "trail": "trail/",
    "settings": "settings/",
    "consents": "consents/",
}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """The browser to drive. Raises SystemExit when there is none."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        raise SystemExit("There is no Chromium; install one or name it with CHROMIUM=/path.")
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def demonstration() -> Iterator[tuple[str, str]]:
    """A running demonstration: its address and the one-time sign-in link."""
    with tempfile.TemporaryDirectory(prefix="switchyard-screens-") as folder:
        port = free_port()
        env = {**os.environ, "SWITCHYARD_DATA_DIR": folder, "SWITCHYARD_PORT": str(port)}
        log = Path(folder) / "log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "supervise", "--demo"],
                cwd=ROOT,
                env=env,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            yield _announced(log, process)
        finally:
            process.terminate()
            process.wait(timeout=90)


def _announced(log: Path, process: subprocess.Popen[bytes]) -> tuple[str, str]:
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"(http://\S+)/sign-in/once/\S+", log.read_text())
        if found:
            return found.group(1), found.group(0)
        time.sleep(1)
    raise SystemExit(f"The demonstration did not start:\n{log.read_text()}")


def sign_in(page: Page, link: str) -> None:
    """Use the one-time link."""
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()


def pages_of(page: Page, base: str) -> dict[str, str]:
    """Every page to look at: the fixed ones, and one of each kind that the board leads to.

    Raises SystemExit when the board leads to no such page, lest it be left out unnoticed.
    """
    home = f"{base}/t/northwind-coffee/"
    found = {name: home + path for name, path in PAGES.items()}
    found |= {
        "first-board": f"{base}/t/my-team/board/",
        "first-brief": f"{base}/t/my-team/brief/",
        "first-queue": f"{base}/t/my-team/review/",
        "not-found": f"{home}nothing-here/",
    }
    page.goto(found["board"])
    found["asset"] = _link(page, "[data-stage=animate] a", r"/assets/\d+/$")
    found["asset-asks"] = _link(page, "[data-stage=generation] a", r"/assets/\d+/$")
    found["review"] = _link(page, "[data-stage=generation] a", r"/review/\d+/$")
    found["review-polish"] = _link(page, "[data-stage=polish] a", r"/review/\d+/$")
    found["review-clips"] = _link(page, "[data-stage=animate] a", r"/review/\d+/$")
    found["qa"] = _link(page, "[data-stage=qa] a", r"/assets/\d+/qa/$")
    found["campaign"] = _in(page, found["campaigns"], r"/campaigns/\d+/$")
    found["crop"] = _in(page, found["qa"], r"/files/\d+/crop/$")
    found["package"] = _in(page, found["exports"], r"/exports/\d+/$")
    return found


def _link(page: Page, selector: str, pattern: str) -> str:
    links = page.locator(selector).evaluate_all("all => all.map(a => a.href)")
    link = next((str(href) for href in links if re.search(pattern, href)), None)
    if link is None:
        raise SystemExit(f"No link like {pattern} in {selector} of {page.url}.")
    return link


def _in(page: Page, url: str, pattern: str) -> str:
    page.goto(url)
    return _link(page, "main a", pattern)


def _open(page: Page, name: str) -> None:
    """What a key opens over the board."""
    if name == "keys":
        page.keyboard.press("?")
    elif name == "palette":
        page.keyboard.press("Control+k")
        page.keyboard.type("hero")
    page.wait_for_timeout(600)


def look(browser: Browser, base: str, link: str, out: Path, only: set[str]) -> int:
    """Take the pictures; returns how many serious axe findings there were."""
    first = browser.new_context()
    page = first.new_page()
    sign_in(page, link)
    state = first.storage_state()
    targets = pages_of(page, base)
    targets |= {"keys": targets["board"], "palette": targets["board"]}
    first.close()
    serious = 0
    for scheme in ("light", "dark"):
        for size, (width, height) in SIZES.items():
            context = browser.new_context(
                storage_state=state,
                color_scheme=scheme,
                viewport={"width": width, "height": height},
                reduced_motion="reduce",
            )
            page = context.new_page()
            for name, url in targets.items():
                picture = f"{name}-{scheme}-{size}"
                if only and picture not in only:
                    continue
                page.goto(url)
                _open(page, name)
                page.screenshot(path=out / f"{picture}.png")
                serious += _axe(page, picture)
            context.close()
            if not only:
                serious += _signed_out(browser, base, out, scheme, size)
    return serious


def _signed_out(browser: Browser, base: str, out: Path, scheme: str, size: str) -> int:
    width, height = SIZES[size]
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    page = context.new_page()
    serious = 0
    for name, path in (("sign-in", "sign-in/"), ("forgotten", "password/forgotten/")):
        page.goto(f"{base}/{path}")
        picture = f"{name}-{scheme}-{size}"
        page.screenshot(path=out / f"{picture}.png")
        serious += _axe(page, picture)
    context.close()
    return serious


def _axe(page: Page, name: str) -> int:
    found = Axe().run(page)
    bad = [v for v in found.response["violations"] if v["impact"] in {"serious", "critical"}]
    for violation in bad:
        where = "; ".join(node["target"][0] for node in violation["nodes"][:3])
        print(f"{name}: {violation['id']} ({len(violation['nodes'])}): {where}")
    return len(bad)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", nargs="?", default="docs/screens")
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--url")
    parser.add_argument("--link")
    options = parser.parse_args()
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    only = {"board-light-1440", "review-clips-light-1440"} if options.readme else set()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        if options.url:
            serious = look(browser, options.url, options.link, out, only)
        else:
            with demonstration() as (base, link):
                serious = look(browser, base, link, out, only)
        browser.close()
    print(f"{len(list(out.glob('*.png')))} pictures in {out}; serious axe findings: {serious}")


if __name__ == "__main__":
    main()
