"""Impatient hands in a real browser: what is clicked twice is started once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import App
from tests.journeys.test_line import enter

pytestmark = pytest.mark.journey


def test_a_double_click_starts_one_brief_and_one_run(page: Page, app: App) -> None:
    home = enter(page, app)
    page.goto(f"{home}brief/")
    page.get_by_label("What should it do?").fill("Make people want a slow morning.")
    page.get_by_label("Product", exact=True).fill("Pour-over kit")
    page.get_by_label("Headline").fill("Slow mornings")
    expect(page.locator("#plan [name=seen_micros]")).to_have_value("0")
    page.get_by_role("button", name="Start", exact=False).last.dblclick()
    page.wait_for_url("**/board/**")
    cards = page.locator("a[href*='/assets/']").filter(has_text="Pour-over kit")
    expect(cards.first).to_be_visible()
    address = cards.first.get_attribute("href")
    assert cards.count() == 1

    page.goto(f"{home.split('/t/')[0]}{address}")
    runs = page.locator("#runs article")
    expect(runs).to_have_count(1)
    drop = page.get_by_role("button", name="Drop this batch")
    expect(drop).to_be_visible(timeout=120_000)
    drop.click()
    page.locator("#confirm [data-confirm-yes]").click()
    expect(page.locator("#now-title")).to_have_text("Next step")
    page.locator("#op-compose_type > summary").click()
    start = page.locator("#op-compose_type form button[type=submit]")
    start.dblclick()
    expect(runs).to_have_count(2)
    page.reload()
    expect(runs).to_have_count(2)
