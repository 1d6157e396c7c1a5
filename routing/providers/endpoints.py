"""How each hosted model is asked: our words -> the fields its maker declared. Pure, from a table.

Only declared fields are sent, all of them explicit. It uploads nothing: files come in as the
addresses or bytes that the adapter made of them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from routing.providers import prompts
from routing.providers.base import InvalidRequest, Request, Unavailable

TABLE = Path(__file__).with_name("endpoints.toml")
NEGATIVE = "blurry, distorted, deformed hands, extra fingers, misspelled text, watermark"
SEEDS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the table. `release` pins a version, `out` names the field of the files.
    `second_micros` is the price of a second of the machine, in micro-dollars, where that is what
    is billed."""

    provider: str
    id: str
    per_call: int
    input: Mapping[str, Any]
    out: str = ""
    release: str = ""
    second_micros: int = 0
    seconds: tuple[int, ...] = ()
    ratios: tuple[str, ...] = ()
    nodes: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=1)
def _table() -> Mapping[tuple[str, str], Endpoint]:
    rows = tomllib.loads(TABLE.read_text("utf-8"))["endpoint"]
    made = [
        Endpoint(
            **{
                **row,
                "seconds": tuple(row.get("seconds", ())),
                "ratios": tuple(row.get("ratios", ())),
            }
        )
        for row in rows
    ]
    return {(row.provider, row.id): row for row in made}


def known() -> tuple[Endpoint, ...]:
    """Every row."""
    return tuple(_table().values())


def find(provider: str, version: str) -> Endpoint | None:
    """The row of a provider's model, None when nobody wrote down how to ask it."""
    return _table().get((provider, version))


def of(provider: str, version: str) -> Endpoint:
    """As `find`. Raises Unavailable."""
    row = find(provider, version)
    if row is None:
        raise Unavailable(f"Nobody has written down how {version} is asked at {provider}.")
    return row


def seconds_of(provider: str, version: str, wanted: float) -> float:
    """The length in seconds a model makes when `wanted` are asked: the next one it offers."""
    row = find(provider, version)
    if row is None or not row.seconds:
        return wanted
    return float(next((one for one in row.seconds if one >= wanted), row.seconds[-1]))


def body(endpoint: Endpoint, request: Request, files: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to send. `files` maps a role (base, mask, background, face) to what stands for
    the file at this provider. Raises InvalidRequest when something needed is missing."""
    asked = _Asked(endpoint, request, files)
    sent = {
        name: asked.value(value[1:]) if isinstance(value, str) and value[:1] == "$" else value
        for name, value in endpoint.input.items()
    }
    return {name: value for name, value in sent.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _Asked:
    endpoint: Endpoint
    request: Request
    files: Mapping[str, Any]

    def value(self, word: str) -> Any:
        return _WORDS[word](self)

    def param(self, name: str, usual: Any = None) -> Any:
        return self.request.params.get(name, usual)

    def file(self, role: str) -> Any:
        try:
            return self.files[role]
        except KeyError as error:
            what = {"mask": "a painted area", "face": "a face picture"}.get(role, "a picture")
            raise InvalidRequest(role, f"This needs {what} to start from.") from error

    def size(self) -> tuple[int, int]:
        """Pixels wanted: what the brief says, else those of the picture."""
        if self.param("width") and self.param("height"):
            return int(self.param("width")), int(self.param("height"))
        return self.base_size()

    def base_size(self) -> tuple[int, int]:
        base = self.request.input("base")
        if base is None:
            raise InvalidRequest("base", "This needs a picture to start from.")
        with Image.open(base.path) as picture:
            return picture.width, picture.height

    def placed(self) -> tuple[int, int, int, int]:
        """Where the picture stands, whole and centred, on the canvas: left, top, width, height."""
        (width, height), (own_width, own_height) = self.size(), self.base_size()
        scale = min(width / own_width, height / own_height)
        shown = round(own_width * scale), round(own_height * scale)
        return (width - shown[0]) // 2, (height - shown[1]) // 2, *shown

    def added(self) -> tuple[int, int, int, int]:
        """Pixels of the picture itself that are to be added left, top, right, bottom."""
        (width, height), (own_width, own_height) = self.size(), self.base_size()
        scale = min(width / own_width, height / own_height)
        wide = max(0, round(width / scale) - own_width)
        high = max(0, round(height / scale) - own_height)
        return wide // 2, high // 2, wide - wide // 2, high - high // 2

    def ratio(self) -> str:
        width, height = self.size()

        def off(ratio: str) -> float:
            w, h = (int(part) for part in ratio.split(":"))
            return abs(width / height - w / h)

        return min(self.endpoint.ratios, key=off)

    def seconds(self) -> int:
        wanted = float(self.param("seconds", 5))
        return int(seconds_of(self.endpoint.provider, self.endpoint.id, wanted))

    def factor(self) -> float:
        return max(1.0, min(4.0, float(self.param("factor", 2))))

    def pictures(self) -> list[Any]:
        return [self.files[role] for role in ("base", "background", "face") if role in self.files]


_WORDS: dict[str, Callable[[_Asked], Any]] = {
    "prompt": lambda asked: prompts.text(asked.request.operation, asked.request.params),
    "negative": lambda asked: NEGATIVE,
    "base": lambda asked: asked.file("base"),
    "mask": lambda asked: asked.file("mask"),
    "face": lambda asked: asked.file("face"),
    "pictures": lambda asked: asked.pictures() or asked.file("base"),
    "files": lambda asked: asked.pictures(),
    "size": lambda asked: dict(zip(("width", "height"), asked.size(), strict=True)),
    "width": lambda asked: asked.size()[0],
    "height": lambda asked: asked.size()[1],
    "ratio": lambda asked: asked.ratio(),
    "count": lambda asked: len(asked.request.seeds),
    "seed": lambda asked: asked.request.seeds[0] % SEEDS,
    "seconds": lambda asked: asked.seconds(),
    "seconds_text": lambda asked: str(asked.seconds()),
    "seconds_s": lambda asked: f"{asked.seconds()}s",
    "factor": lambda asked: asked.factor(),
    "canvas": lambda asked: list(asked.size()),
    "placed_size": lambda asked: list(asked.placed()[2:]),
    "placed_at": lambda asked: list(asked.placed()[:2]),
    "add_left": lambda asked: min(700, asked.added()[0]),
    "add_top": lambda asked: min(700, asked.added()[1]),
    "add_right": lambda asked: min(700, asked.added()[2]),
    "add_bottom": lambda asked: min(700, asked.added()[3]),
}
