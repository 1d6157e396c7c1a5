"""The crop editor in a real browser, by keyboard: a focus point, a whole picture on a color."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import App
from tests.journeys.test_line import CHINA, PATIENCE_S, enter

pytestmark = pytest.mark.journey


def bring_to_qa(page: Page, home: str) -> None:
    """A wide photo as it is, past every gate but the last."""
    page.goto(f"{home}brief/")
    page.locator("input[type=file]").set_input_files(str(CHINA))
    expect(page.locator("input[name=bases][type=hidden]")).to_have_count(1)
    page.get_by_label("What should it do?").fill("Show the palace.")
    page.get_by_label("Product", exact=True).fill("Palace")
    page.get_by_label("Headline").fill("Slow mornings")
    page.locator("[name=as_is]").check()
    page.locator("[name=photo_origin]").select_option("none")
    page.locator("details.brief-more > summary").click()
    for stage in ("edit", "polish"):  # else a wide photo is expanded, and nothing is left over
        page.locator(f"[name={stage}_operation]").select_option("pass")
    page.get_by_role("button", name="Start", exact=False).last.click()
    page.wait_for_url("**/board/**")
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        page.goto(f"{home}review/?next=1")
        if "/qa/" in page.url:
            return
        if not re.search(r"/review/\d+/", page.url):
            page.wait_for_timeout(2000)
            continue
        page.keyboard.press("1")
        for box in page.locator("input[name=met]").all():
            box.check()
        page.keyboard.press("a")
        page.wait_for_timeout(1500)
    raise AssertionError(f"not in QA in time; {page.url}")


def test_a_focus_by_keyboard_and_a_whole_picture_on_a_brand_color(page: Page, app: App) -> None:
    bring_to_qa(page, enter(page, app))
    qa = page.url
    page.locator("#platform-reels").get_by_role("link", name="Move crop").click()

    page.locator("[name=way][value=crop]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[name=way][value=focus]")).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.locator("[data-crop-point]")).to_be_focused()
    before = int(page.locator("[name=focus_x]").input_value())
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("[name=focus_x]")).to_have_value(str(before + 7))
    page.get_by_role("button", name="Apply to all platforms").last.click()
    page.wait_for_url("**/qa/**")
    expect(page.get_by_text("Focus point set")).to_have_count(3, timeout=90_000)

    page.goto(qa)
    page.locator("#platform-reels").get_by_role("link", name="Move crop").click()
    page.locator("[name=way][value=brand]").check()
    color = page.locator("[name=color]:checked").input_value()
    rgb = ",".join(str(int(color[at : at + 2], 16)) for at in (1, 3, 5))
    ground = page.locator(".whole-big[data-crop-whole=brand] [data-crop-fill]").first
    expect(ground).to_have_attribute("fill", f"rgb({rgb})")
    expect(page.locator("[data-crop-stage]")).to_be_hidden()
    expect(page.locator(".crop-findings.when-brand")).to_contain_text("on the brand's color")
    page.get_by_role("button", name="Apply", exact=True).click()
    page.wait_for_url("**/qa/**")
    expect(page.locator("#platform-reels")).to_contain_text("Shown whole", timeout=90_000)
