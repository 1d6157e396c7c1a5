"""A running installation and a browser in front of it, as a person would have them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.screens import FLAGS, ROOT, chromium, free_port

START_S = 180


@dataclass(frozen=True, slots=True)
class App:
    """A running installation: its address, its folder and the one-time sign-in link."""

    url: str
    folder: Path
    link: str


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """`supervise` on an empty folder, ended after the module."""
    folder = tmp_path_factory.mktemp("app")
    log = folder / "log"
    env = {
        **os.environ,
        "SWITCHYARD_DATA_DIR": str(folder / "data"),
        "SWITCHYARD_PORT": str(free_port()),
        "SWITCHYARD_MEDIA_WORKERS": "2",
    }
    env.pop("DATABASE_URL", None)
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "supervise"],
            cwd=ROOT,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + START_S
        found = None
        while found is None and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.5)
            found = re.search(r"(http://\S+)/sign-in/once/\S+", log.read_text())
        assert found is not None, log.read_text()
        yield App(found.group(1), folder, found.group(0))
    finally:
        process.terminate()
        process.wait(timeout=120)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Real Chromium."""
    with sync_playwright() as driver:
        window = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield window
        window.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """One tab; a console error or a failed script is a failure of the test."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, accept_downloads=True, reduced_motion="reduce"
    )
    tab = context.new_page()
    tab.set_default_timeout(15_000)
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on(
        "console",
        lambda said: problems.append(said.text) if said.type == "error" else None,
    )
    yield tab
    context.close()
    assert not problems, problems
