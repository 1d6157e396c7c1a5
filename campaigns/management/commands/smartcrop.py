"""`manage.py smartcrop --jsonl`: where to cut pictures, line by line, for other programs.

Reads `{"image": path, "width": 1080, "height": 1920, "platform": "tiktok"|null}` from standard
input and answers each line, in order and at once, with `{"image", "box", "findings"}`; a line that
cannot be done gets `{"image", "error"}` and the work goes on. Models are loaded once, and a picture
asked for at several sizes is looked at once. Nothing is written to disk, no database is asked.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.formats import specs
from imaging import crop, peek, probe, safezone, see
from imaging.see import Seen

_LONGEST_SIDE = 20_000
_LIMITS = probe.Limits(max_pixels=120_000_000, max_side=_LONGEST_SIDE, min_side=1)


class BadLine(ValueError):
    """The line cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One line of input, checked."""

    image: Path
    width: int
    height: int
    platform: str | None


class Command(BaseCommand):
    """See the module."""

    help = "Read crop requests as JSON lines from standard input, write boxes as JSON lines."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--jsonl", action="store_true", help="one JSON object a line (needed)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["jsonl"]:
            raise CommandError("Say --jsonl: requests are JSON objects, one a line.")
        for answer in answers(iter(sys.stdin.buffer.readline, b"")):
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
            self.stdout.flush()


def answers(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """One answer for each line that is not empty, made when it is asked for."""
    for line in lines:
        if line.strip():
            yield _answer(line)


def _answer(line: bytes) -> dict[str, Any]:
    name: Any = None
    try:
        value = _object(line)
        name = value.get("image")
        wish = read_wish(value)
        chosen = _decide(wish)
    except (BadLine, ValueError) as error:
        return {"image": name, "error": str(error)}
    except probe.Unreadable as error:
        return {"image": name, "error": error.message}
    except OSError as error:
        return {"image": name, "error": f"The picture cannot be read: {error.strerror or error}."}
    except MemoryError:
        return {"image": name, "error": "The picture is too large for this machine's memory."}
    except Exception as error:  # decoders raise whatever a broken file makes of them
        return {"image": name, "error": f"The picture cannot be decoded: {error}."}
    findings = [
        {"code": finding.code, "verdict": finding.verdict, "text": finding.text}
        for finding in chosen.findings
    ]
    return {"image": name, "box": chosen.box.as_list(), "findings": findings}


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise BadLine(f"This line is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise BadLine('A line is an object such as {"image": "a.jpg", "width": 9, "height": 16}.')
    return value


def read_wish(value: Mapping[str, Any]) -> Wish:
    """Check one request. Raises BadLine naming the field."""
    image, platform = value.get("image"), value.get("platform")
    if not isinstance(image, str) or not image or "\x00" in image:
        raise BadLine('"image" must be the path of a picture.')
    for field in ("width", "height"):
        side = value.get(field)
        if type(side) is not int or not 1 <= side <= _LONGEST_SIDE:
            raise BadLine(f'"{field}" must be a whole number from 1 to {_LONGEST_SIDE}.')
    if platform is not None and platform not in specs.PLATFORMS:
        raise BadLine(f'"platform" must be null or one of {", ".join(specs.PLATFORMS)}.')
    return Wish(Path(image), value["width"], value["height"], platform)


def _decide(wish: Wish) -> crop.Crop:
    about = wish.image.stat()
    seen = _look(wish.image, about.st_mtime_ns, about.st_size)
    return crop.decide(seen, wish.width, wish.height, _zone(wish))


@lru_cache(maxsize=64)
def _look(path: Path, changed_ns: int, size_bytes: int) -> Seen:
    """What is in the picture; the same file is looked at once. Bounds come from its header."""
    image, _ = probe.open_still(path, _LIMITS)
    with image:
        rgb, size = peek.small(image)
    return see.see(rgb, size=size)


def _zone(wish: Wish) -> safezone.SafeZone | None:
    """The platform's safe zone on the wanted canvas; None where it says nothing of this ratio."""
    if wish.platform is None:
        return None
    numbers = specs.for_platform(wish.platform, "still").safe_zone
    if abs(wish.width / wish.height / (numbers.width / numbers.height) - 1) > 0.01:
        return None
    return safezone.SafeZone.from_spec(numbers.as_dict()).scaled(wish.width, wish.height)
