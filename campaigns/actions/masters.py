"""The pixels of a master: decoded no further than needed, and once for all files of one job.

A JPEG is decoded at a half, a quarter or an eighth where that is as large as what is made of it
(libjpeg averages while it decodes). Which step is used depends on the file alone, so that a file
comes out the same whether it was made alone or beside others.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from campaigns.models import Media
from campaigns.models.choices import FileKind
from imaging import fingerprint, moments, peek, probe, see
from imaging.formats import Limits
from imaging.geometry import Box
from imaging.see import Seen

Pixels = NDArray[np.uint8]
T = TypeVar("T")


@dataclass(slots=True)
class _Kept:
    """What was made of one master: whole pictures by step, what was seen in it, how it looks, and
    the files written of it."""

    media_id: int
    whole: dict[int, Pixels] = field(default_factory=dict)
    small: tuple[Pixels, tuple[int, int]] | None = None
    seen: Seen | None = None
    look: str = ""
    written: dict[Hashable, bytes] = field(default_factory=dict)


_kept: ContextVar[list[_Kept] | None] = ContextVar("kept_masters", default=None)


@contextmanager
def kept() -> Iterator[None]:
    """Within the block the master used last stays decoded; nothing stays behind it."""
    token = _kept.set([])
    try:
        yield
    finally:
        _kept.reset(token)


@dataclass(frozen=True, slots=True)
class Part:
    """Pixels of a master and the box in them that was asked for."""

    rgb: Pixels
    box: Box


def part(media: Media, path: Path, box: Box, width: int, height: int) -> Part:
    """The still `media`, whose bytes lie at `path`, decoded far enough to show `box` (in its own
    pixels) at width x height. Raises imaging.probe.Unreadable, OSError."""
    step = peek.step(box, width, height)
    whole = _remembered(media).whole
    if step not in whole:
        whole[step] = _opened(path, lambda image: peek.shrunk(image, step))
    rgb = whole[step]
    x, y = rgb.shape[1] / media.width, rgb.shape[0] / media.height
    moved = box.scale(x, y).clamp(rgb.shape[1], rgb.shape[0])
    return Part(rgb, moved)


def seen_of(media: Media, path: Path) -> Seen:
    """What is in `media`, whose bytes lie at `path`, in a clip from its start to its end; detected
    once and stored."""
    held = _remembered(media)
    if held.seen is None:
        held.seen = _stored(media) or _look(media, path)
    return held.seen


def write_once(
    media: Media, path: Path, how: Hashable, most_bytes: int | None, write: Callable[[], float]
) -> float:
    """Have `write` make the file at `path`, or put there what it made in this job for another file
    of the same master and `how`: platforms of one size often get the same window. `write` returns
    what is left of the picture, as this does; what a ceiling took from is not handed on, nor what
    is larger than `most_bytes`."""
    written = _remembered(media).written
    data = written.get(how)
    if data is not None and (most_bytes is None or len(data) <= most_bytes):
        path.write_bytes(data)
        return 1.0
    left = write()
    if left == 1.0:
        written[how] = path.read_bytes()
    return left


def look_of(media: Media, path: Path) -> str:
    """What the picture looks like as a hash; made once and kept with the file."""
    held = _remembered(media)
    if not held.look:
        held.look = media.look
    if not held.look:
        held.look = fingerprint.perceptual_hash(_small(media, path)[0])
        Media.objects.filter(pk=media.pk).update(look=held.look)
    return held.look


def _stored(media: Media) -> Seen | None:
    if media.seen and (media.kind == FileKind.STILL or media.seen.get("frames")):
        # what an earlier version saw, or one that knew a clip by its poster, is looked at anew
        with contextlib.suppress(KeyError, ValueError):
            return Seen.from_json(media.seen)
    return None


def _look(media: Media, path: Path) -> Seen:
    size = (media.width, media.height)
    if media.kind == FileKind.CLIP:
        seen = moments.see_clip(path, size=size)
        data = seen.as_json() | {"frames": moments.FRAMES}
    else:
        seen = see.see(_small(media, path)[0], size=size)
        data = seen.as_json()
    Media.objects.filter(pk=media.pk).update(seen=data)
    return seen


def _small(media: Media, path: Path) -> tuple[Pixels, tuple[int, int]]:
    held = _remembered(media)
    if held.small is None:
        held.small = _opened(path, peek.small)
    return held.small


def _remembered(media: Media) -> _Kept:
    held = _kept.get()
    if held is None:
        return _Kept(media.pk)
    if not held or held[0].media_id != media.pk:
        held[:] = [_Kept(media.pk)]
    return held[0]


def _opened(path: Path, use: Callable[[Image.Image], T]) -> T:
    image, _ = probe.open_still(path, Limits())
    with image:
        return use(image)
