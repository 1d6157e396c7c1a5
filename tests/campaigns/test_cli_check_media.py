"""`manage.py check_media` answers in text and JSON, and with an exit code."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.campaigns.formats.files import clip, still


def run(*arguments: object) -> tuple[str, str]:
    """Output and error sentence; an empty sentence means exit code 0."""
    out = StringIO()
    try:
        call_command("check_media", *map(str, arguments), stdout=out)
    except CommandError as error:
        return (out.getvalue(), f"exit code {error.returncode}: {error}")
    return (out.getvalue(), "")


def run_json(*arguments: object) -> tuple[dict[str, Any], str]:
    out, error = run(*arguments, "--json")
    return (json.loads(out), error)


class TestText:
    def test_a_good_still_passes(self) -> None:
        out, error = run(still(), "--platform", "reels")
        assert not error
        assert "PASS (instagram.reels.image_ad" in out
        assert "ok    Aspect ratio: 9:16 (1080 \u00d7 1920) (allowed: 9:16)" in out

    def test_a_bad_one_names_value_limit_remedy_and_source(self) -> None:
        out, error = run(still(300, 300), "--platform", "shorts")
        assert "1 of 1 cannot be used on shorts" in error
        assert error.startswith("exit code 1")
        sizes = "300 \u00d7 300 px (allowed: at least 600 \u00d7 1067 px)"
        assert f"FAIL  Smallest size: {sizes}" in out
        assert "Export it larger" in out
        assert "Source: Demand Gen campaign creative" in out

    def test_a_single_still_for_tiktok_is_a_warning(self) -> None:
        out, error = run(still(720, 1280), "--platform", "tiktok")
        assert not error
        assert "WARN  Number of pictures: 1 (allowed: 2 to 35)" in out
        assert "animate the still" in out


class TestPlacement:
    def test_another_placement_is_stricter(self) -> None:
        out, error = run(
            clip(), "--platform", "tiktok", "--placement", "tiktok.infeed_video.reservation"
        )
        assert error
        assert "tiktok.infeed_video.reservation" in out

    def test_one_of_another_platform_is_refused_with_the_list(self) -> None:
        _, error = run(clip(), "--platform", "reels", "--placement", "tiktok.organic.video")
        assert "instagram.reels.cover" in error


class TestFilesThatCannotBeRead:
    def test_each_is_one_sentence_and_the_others_are_still_checked(self, tmp_path: Path) -> None:
        (tmp_path / "page.jpg").write_text("<html>")
        files = [tmp_path / "none.jpg", tmp_path, tmp_path / "page.jpg", still()]
        value, error = run_json(*files, "--platform", "reels")
        assert "3 of 4" in error
        assert [entry["verdict"] for entry in value["files"]] == ["fail", "fail", "fail", "pass"]
        errors = [entry.get("error", "") for entry in value["files"]]
        assert errors[0] == f"There is no file {tmp_path / 'none.jpg'}."
        assert "is a folder" in errors[1]
        assert "web page" in errors[2]


class TestJson:
    def test_has_every_finding_with_source_and_date(self) -> None:
        value, _ = run_json(clip(), "--platform", "shorts")
        (entry,) = value["files"]
        assert entry["spec"] == {"id": "youtube.shorts.video_ad", "version": "2026-11-23"}
        for finding in entry["findings"]:
            assert finding["source"]
            assert finding["source_date"]
            assert finding["verdict"] in {"pass", "warn", "fail", "info"}
        assert value["verdict"] == "fail"


class TestArguments:
    @pytest.mark.parametrize("arguments", [["x.jpg"], ["x.jpg", "--platform", "vine"], []])
    def test_wrong_ones_are_refused(self, arguments: list[str]) -> None:
        with pytest.raises(CommandError):
            call_command("check_media", *arguments)
