"""From a brief to a package in a real browser: three photographs, five stages, three platforms."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import time
import zipfile
from pathlib import Path

import av
import pytest
import sklearn
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.screens import sign_in
from tests.factories import ASTRONAUT, COFFEE, PASSWORD
from tests.journeys.conftest import App

pytestmark = pytest.mark.journey

CHINA = Path(sklearn.__file__).parent / "datasets" / "images" / "china.jpg"
PHOTOS = {"Cup on a table": COFFEE, "Woman in orange": ASTRONAUT, "Courtyard": CHINA}
PATIENCE_S = 420
SPECS = {  # an independent copy of what the platforms ask for, not read from the code under test
    "tiktok": {"still": (720, 1280), "clip": (1080, 1920), "most_bytes": 500_000_000},
    "reels": {"still": (1080, 1920), "clip": (1080, 1920), "most_bytes": 30_000_000},
    "shorts": {"still": (1080, 1920), "clip": (1080, 1920), "most_bytes": 5_000_000},
}


def enter(page: Page, app: App) -> str:
    """First sign-in with the one-time link, a password, and the address of the team."""
    sign_in(page, app.link)
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    page.wait_for_url("**/t/**")
    found = re.match(r".*/t/[^/]+/", page.url)
    assert found is not None
    return found.group(0)


def write_brief(page: Page, home: str, title: str, photo: Path) -> None:
    """`c`, a photo, a few words, every stage wanted, start."""
    page.goto(f"{home}board/")
    page.keyboard.press("c")
    page.wait_for_url("**/brief/**")
    page.locator("input[type=file]").set_input_files(str(photo))
    expect(page.locator("input[name=bases][type=hidden]")).to_have_count(1)
    page.get_by_label("What should it do?").fill(f"{title}: make people want one.")
    page.get_by_label("Product", exact=True).fill(title)
    page.get_by_label("Headline").fill("Slow mornings")
    page.get_by_label("Button text").fill("Shop now")
    page.get_by_label("Candidates").fill("2")
    page.locator("details.brief-more > summary").click()
    page.get_by_label("Make a clip as well").check()
    page.get_by_label("Edit", exact=True).select_option("background_replace")
    page.get_by_label("Polish", exact=True).select_option("face_enhance")
    page.get_by_label("Title", exact=False).last.fill(title)
    expect(page.locator("#plan")).to_contain_text("Local camera motion")
    page.get_by_role("button", name="Start", exact=False).last.click()
    page.wait_for_url("**/board/**")
    expect(page.get_by_text(title).first).to_be_visible()


def pass_every_gate(page: Page, home: str, assets: int) -> int:
    """Work the review queue until every asset is ready; returns the decisions made."""
    decisions, deadline = 0, time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        page.goto(f"{home}exports/")
        if page.locator("input[name=assets]").count() == assets:
            return decisions
        page.goto(f"{home}review/?next=1")
        if not re.search(r"/review/\d+/|/qa/", page.url):
            page.wait_for_timeout(2000)
            continue
        is_files = "/qa/" in page.url
        if not is_files:
            page.keyboard.press("1")
        for box in page.locator("input[name=met]").all():
            box.check()
        page.keyboard.press("a")
        page.wait_for_timeout(1500)
        decisions += 1
    raise AssertionError(f"not ready in time; {page.url}: {page.inner_text('main')[:2000]}")


def download(page: Page, home: str) -> zipfile.ZipFile:
    """Package everything that is ready, and fetch the ZIP."""
    page.goto(f"{home}exports/")
    for pick in page.locator(".exports-pick").all():
        pick.click()
    page.locator("[data-exports-go]").click()
    link = page.get_by_role("link", name=re.compile("Download"))
    expect(link.first).to_be_visible(timeout=60_000)
    with page.expect_download() as coming:
        link.first.click()
    return zipfile.ZipFile(io.BytesIO(Path(coming.value.path()).read_bytes()))


def check_still(platform: str, data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert picture.format == "JPEG"
        assert picture.size == SPECS[platform]["still"]
        assert picture.mode == "RGB"
        assert not picture.getexif()
    assert len(data) <= SPECS[platform]["most_bytes"]


def check_clip(platform: str, data: bytes) -> None:
    with av.open(io.BytesIO(data), format="mp4") as clip:
        video, audio = clip.streams.video[0], clip.streams.audio[0]
        assert (video.width, video.height) == SPECS[platform]["clip"]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert video.codec_context.pix_fmt == "yuv420p"
        stamps = [frame.pts * frame.time_base for frame in clip.decode(video)]
    steps = {round(float(b - a), 5) for a, b in itertools.pairwise(stamps)}
    assert len(steps) == 1, "frames are not evenly spaced"
    assert 5 <= len(stamps) * steps.pop() <= 60
    assert data.find(b"moov") < data.find(b"mdat"), "the index stands behind the picture data"
    assert b"elst" not in data[: data.find(b"mdat")], "it has an edit list"
    assert 516_000 <= 8 * len(data) / 6 <= 25_000_000


def test_three_photos_become_packages_that_platforms_accept(page: Page, app: App) -> None:
    home = enter(page, app)
    for title, photo in PHOTOS.items():
        write_brief(page, home, title, photo)
    decisions = pass_every_gate(page, home, len(PHOTOS))
    archive = download(page, home)

    assert decisions == 5 * len(PHOTOS)  # one a stage
    names = archive.namelist()
    assert archive.testzip() is None
    for platform in SPECS:
        files = [name for name in names if f"/{platform}/" in name]
        assert len(files) == 2 * len(PHOTOS)
        for name in files:
            assert re.search(r"CR[0-9A-HJKMNP-TV-Z]{6}", name)
            check = check_clip if name.endswith(".mp4") else check_still
            check(platform, archive.read(name))
    rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode("utf-8-sig"))))
    files = json.loads(archive.read("manifest.json"))["files"]
    assert len(rows) == len(files) == 6 * len(PHOTOS)
    stages = {step["stage"] for entry in files for step in entry["lineage"]}
    assert stages == {"generation", "edit", "polish", "animate"}
    assert "TikTok" in archive.read("README.txt").decode()
