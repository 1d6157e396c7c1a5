"""`manage.py smartcrop --jsonl` answers line by line, in order, whatever a line holds."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from PIL import Image
from skimage import data

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "astronaut.jpg"
    Image.fromarray(data.astronaut()).save(path, quality=92)
    return path


@pytest.fixture(scope="module")
def conversation() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "manage.py", "smartcrop", "--jsonl"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()
        assert process.wait(60) == 0


def ask(process: subprocess.Popen[str], line: object) -> dict[str, Any]:
    """Send one line, wait for its answer: nothing may be held back."""
    sent, answers = process.stdin, process.stdout
    assert sent is not None
    assert answers is not None
    sent.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
    sent.flush()
    answer: dict[str, Any] = json.loads(answers.readline())
    return answer


def request(image: object, **changes: object) -> dict[str, object]:
    return {"image": str(image), "width": 1080, "height": 1920, "platform": "tiktok", **changes}


class TestAnswers:
    @pytest.mark.parametrize("platform", ["tiktok", "reels", "shorts", None])
    def test_a_box_of_the_right_ratio_inside_the_picture(
        self, conversation: subprocess.Popen[str], photo: Path, platform: str | None
    ) -> None:
        answer = ask(conversation, request(photo, platform=platform))
        assert answer.keys() == {"image", "box", "findings"}
        left, top, right, bottom = answer["box"]
        assert 0 <= left < right <= 512
        assert 0 <= top < bottom <= 512
        assert abs((right - left) / (bottom - top) - 9 / 16) < 0.01

    def test_the_box_counts_in_the_upright_picture(
        self, conversation: subprocess.Popen[str], tmp_path: Path
    ) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", (640, 360), "teal").save(tmp_path / "turned.jpg", exif=exif)
        answer = ask(conversation, request(tmp_path / "turned.jpg", platform=None))
        assert answer["box"] == [0, 0, 360, 640]

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ("{", "not JSON"),
            ("[1]", "A line is an object"),
            ({"width": 1, "height": 1}, '"image" must be'),
            (request("x.jpg", width=0), '"width" must be'),
            (request("x.jpg", height="9"), '"height" must be'),
            (request("x.jpg", width=True), '"width" must be'),
            (request("x.jpg", platform="vine"), '"platform" must be'),
            (request("/nowhere/x.jpg"), "cannot be read"),
            (request("/"), "cannot be read"),
        ],
    )
    def test_a_bad_line_is_an_error_and_the_work_goes_on(
        self, conversation: subprocess.Popen[str], photo: Path, line: object, says: str
    ) -> None:
        answer = ask(conversation, line)
        assert answer.keys() == {"image", "error"}
        assert says in answer["error"]
        assert ask(conversation, request(photo))["image"] == str(photo)

    def test_a_broken_picture_is_an_error(
        self, conversation: subprocess.Popen[str], photo: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "cut.jpg").write_bytes(photo.read_bytes()[:5000])
        assert ask(conversation, request(tmp_path / "cut.jpg"))["error"]


class TestArguments:
    def test_the_format_must_be_said(self) -> None:
        with pytest.raises(CommandError, match="--jsonl"):
            call_command("smartcrop")
