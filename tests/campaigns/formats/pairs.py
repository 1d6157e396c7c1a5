"""For every limit of every spec real files that keep it and real files that break it.

They follow from the limit's own operator and value: at the edge and just beyond it, each member of
a list and something outside. A limit of a new key needs a `Way` here, one of a known key nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from campaigns.formats import spec_check
from campaigns.formats.spec import Limit, Spec, TextLimit, ratio_value
from campaigns.formats.specs import SafeZone
from tests.campaigns.formats.files import Clip, Sample, Still

# what is not judged is small; sound is where it is asked for
CLIP = Clip(audio="")
STILL = Still(width=270, height=480)
RATES = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)
RATIOS = ("9:16", "2:3", "4:5", "1:1", "1.91:1", "16:9", "21:9")


@dataclass(frozen=True)
class Way:
    """How a value comes into a file: `put` lays it into a plain one of the spec's kind.

    One `step` beyond an edge is outside; an encoder comes within `share` of a rate it is told;
    `ladder` are all the values there are, `others` what may stand outside a list.
    """

    put: Callable[[Any, Any], Sample]
    step: float = 1
    share: float = 0
    ladder: tuple[float, ...] = ()
    others: tuple[Any, ...] = ()
    low_end: bool = True


def _set(name: str, **more: Any) -> Callable[[Any, Any], Sample]:
    return lambda plain, value: replace(plain, **{name: value}, **more)


def _size(plain: Any, value: Any) -> Sample:
    width, height = value
    brief = {"seconds": 0.25} if isinstance(plain, Clip) else {}
    return replace(plain, width=width, height=height, **brief)


def _ratio(plain: Any, value: float | str) -> Sample:
    """Small, in even numbers that come near the ratio."""
    ratio = ratio_value(value) if isinstance(value, str) else value
    shapes = [(short, 2 * round(short / ratio / 2)) for short in range(16, 400, 2)]
    if ratio > 1:
        shapes = [(2 * round(short * ratio / 2), short) for short in range(16, 400, 2)]
    return _size(plain, min(shapes, key=lambda size: abs(size[0] / size[1] / ratio - 1)))


def _seconds(plain: Clip, value: float) -> Sample:
    """About a frame a second: nothing else about it is judged."""
    return replace(plain, width=64, height=64, seconds=value, fps=max(2, round(value)) / value)


def _codec(plain: Clip, value: str) -> Sample:
    encoders = {"h264": "libx264", "hevc": "libx265", "vp8": "libvpx", "vp9": "libvpx-vp9"}
    encoders["av1"] = "libsvtav1"
    suffix = "webm" if value in {"vp8", "vp9"} else "mp4"
    return replace(plain, codec=encoders.get(value, value), suffix=suffix)


def _sound(plain: Clip, value: str) -> Sample:
    return replace(plain, audio={"mp3": "libmp3lame", "opus": "libopus"}.get(value, value))


def _cards(plain: Still, value: int) -> Sample:
    return replace(plain, cards=(plain,) * (value - 1))


def _alike(plain: Still, value: bool) -> Sample:
    other = replace(plain, width=plain.width if value else plain.height)
    return replace(plain, cards=(plain, other))


def _pixels(plain: Clip, value: float) -> Sample:
    shape = Fraction(value).limit_denominator(100)
    return replace(plain, pixel_ratio=(shape.numerator, shape.denominator))


def _if(value: Any, then: tuple[int, int], otherwise: tuple[int, int]) -> tuple[int, int]:
    return then if value else otherwise


_RESOLUTION = Way(_size)
_TYPE = ("webp", "tiff", "png", "jpg", "mkv", "webm", "avi", "mp4")
_RATE = Way(_set("audio_kbps", audio="aac", seconds=3), share=0.04, others=(96, 192))
WAYS: Mapping[str, tuple[Way, ...]] = {
    "aspect_ratio": (Way(_ratio, step=0.0015, share=0.05, others=RATIOS),),
    "aspect_9x16": (Way(lambda plain, is_so: _size(plain, _if(is_so, (90, 160), (100, 160)))),),
    "vertical_or_square": (
        Way(lambda plain, is_so: _size(plain, _if(is_so, (160, 160), (162, 160)))),
        Way(lambda plain, is_so: _size(plain, _if(is_so, (90, 160), (160, 90)))),
    ),
    "min_resolution": (_RESOLUTION,),
    "min_resolution_9x16": (_RESOLUTION,),
    "min_resolution_1x1": (_RESOLUTION,),
    "min_resolution_16x9": (_RESOLUTION,),
    "recommended_resolution": (_RESOLUTION,),
    "exact_size": (Way(_size, others=((722, 1280), (640, 638))),),
    "width": (Way(_set("width"), step=2),),
    "side_px": (
        Way(lambda plain, side: _size(plain, (side, 480)), step=2),
        Way(lambda plain, side: _size(plain, (480, side)), step=2),
    ),
    "max_side": (Way(_set("width"), step=2),),
    "container": (Way(_set("suffix"), others=_TYPE[4:]),),
    "file_type": (Way(_set("suffix"), others=_TYPE[:4]),),
    "file_size": (Way(_set("size_bytes")),),
    "color_space": (
        Way(lambda plain, name: replace(plain, mode={"sRGB": "RGB"}.get(name, name)),
            others=("CMYK",)),
    ),
    # too few are a warning: one file says nothing about the cards it may be joined by
    "image_count": (Way(_cards, low_end=False),),
    "same_aspect_all_cards": (Way(_alike),),
    "duration": (Way(_seconds, step=0.1),),
    "duration_recommended": (Way(_seconds, step=0.1),),
    "bitrate_total": (Way(_set("video_kbps"), share=0.04),),
    "bitrate_video": (Way(_set("video_kbps"), share=0.02),),
    "fps": (Way(_set("fps", seconds=2), step=0.5),),
    "cfr": (Way(_set("steady")),),
    "video_codec": (Way(_codec, others=("mpeg4", "av1")),),
    "pix_fmt": (Way(_set("pix_fmt"), others=("yuv444p", "yuv422p")),),
    "sample_aspect_ratio": (Way(_pixels, others=(4 / 3,)),),
    "interlaced": (Way(_set("interlaced")),),
    "closed_gop": (Way(lambda plain, is_so: replace(plain, open_gop=not is_so)),),
    "moov_front": (Way(_set("index_first")),),
    "edit_lists": (Way(_set("edit_lists", audio="aac")),),
    "audio_present": (Way(lambda plain, is_so: replace(plain, audio="aac" if is_so else "")),),
    "audio_codec": (Way(_sound, others=("mp3", "opus")),),
    "audio_bitrate": (_RATE,),
    "audio_bitrate_nominal": (_RATE,),
    "audio_sample_rate": (Way(_set("audio_rate", audio="aac"), ladder=RATES),),
    "audio_channels": (Way(_set("audio_channels", audio="aac"), others=(6,)),),
}  # fmt: skip


def kept(limit: Limit, spec: Spec) -> list[Sample]:
    """Files that keep the limit: at its edges, or one for each that is allowed. KeyError for a key
    that has no way yet."""
    return [
        way.put(_plain(spec), value) for way in WAYS[limit.key] for value in _inside(limit, way)
    ]


def broken(limit: Limit, spec: Spec) -> list[Sample]:
    """Files that break the limit, one beyond each edge."""
    return [
        way.put(_plain(spec), value)
        for way in WAYS[limit.key]
        for value in _outside(limit, way, spec)
    ]


def good(spec: Spec) -> Sample:
    """Keeps all limits of the spec at once."""
    if spec.kind == "clip":
        return Clip(1080, 1920, seconds=12, video_kbps=3_000, audio_kbps=128)
    wanted = [limit.value for limit in spec.limits_of("recommended_resolution")]
    export = (spec.export.width, spec.export.height) if spec.export else (1080, 1920)
    width, height = max(wanted, default=export)
    card = Still(width, height)
    return replace(card, cards=(card,)) if spec.media == "still_set" else card


def _plain(spec: Spec) -> Sample:
    return CLIP if spec.kind == "clip" else STILL


def _edges(limit: Limit) -> tuple[Any, Any]:
    """The least and the most that the limit allows; None where it is open."""
    match limit.op:
        case ">=":
            return (limit.value, None)
        case "<=":
            return (None, limit.value)
        case "between":
            return limit.value  # type: ignore[no-any-return]
        case _:
            raise ValueError(f"{limit.op} has no edges")


def _inside(limit: Limit, way: Way) -> list[Any]:
    if limit.op == "in":
        return list(limit.value)
    if limit.op == "==":
        return [limit.value]
    low, high = _edges(limit)
    if isinstance(low or high, tuple):
        return [edge for edge in (low, high) if edge]
    if way.ladder:
        allowed = [
            value for value in way.ladder if (low or 0) <= value <= (high or max(way.ladder))
        ]
        return sorted({allowed[0], allowed[-1]})
    found = [] if low is None else [low * (1 + way.share)]
    return found if high is None else [*found, high * (1 - way.share)]


def _outside(limit: Limit, way: Way, spec: Spec) -> list[Any]:
    if limit.op == "in":
        return [next(_not_listed(limit, way.others))]
    if limit.op == "==":
        is_switch = isinstance(limit.value, bool)
        return [not limit.value if is_switch else next(_not_listed(limit, way.others))]
    low, high = _edges(limit)
    if isinstance(low or high, tuple):
        return [_beyond(edge, grows) for edge, grows in ((low, -2), (high, 2)) if edge]
    if way.ladder:
        less = [value for value in way.ladder if low is not None and value < low]
        more = [value for value in way.ladder if high is not None and value > high]
        return [*less[-1:], *more[:1]]
    found: list[Any] = []
    if low is not None and way.low_end:
        found.append(min(low * (1 - way.share), low - way.step))
    if high is not None:
        found.append(max(high * (1 + way.share), high + way.step))
    return found


def _not_listed(limit: Limit, others: Iterable[Any]) -> Iterator[Any]:
    """Those of `others` that the limit does not allow."""
    allowed = limit.value if limit.op == "in" else (limit.value,)
    return (other for other in others if not _is_among(other, allowed, limit))


def _is_among(other: Any, allowed: Iterable[Any], limit: Limit) -> bool:
    if limit.unit == "ext":
        return spec_check.is_kept(limit, other)
    return other in allowed


def _beyond(size: tuple[int, int], grows: int) -> tuple[int, int]:
    """The next size in the same ratio, as near as even numbers come."""
    width, height = size
    shapes = [
        (2 * round((width + grows * n) / 2), 2 * round((width + grows * n) * height / width / 2))
        for n in range(1, 6)
    ]
    return min(shapes, key=lambda shape: abs(shape[0] / shape[1] / (width / height) - 1))


def good_text(limit: TextLimit) -> str:
    """A text at its longest, as far as it is not folded."""
    return "a" * (limit.visible or limit.max)


def bad_texts(limit: TextLimit) -> list[str | list[str]]:
    """One text for each thing the limit forbids."""
    found: list[str | list[str]] = ["a" * (limit.max + 1)]
    found += ["a" * (limit.min - 1)] if limit.min > 1 else []
    found += ["字" * (limit.max_wide + 1)] if limit.max_wide else []
    found += [["a"] * (limit.count + 1)] if limit.count else []
    signs = {"@": "by @acme", "#": "#sale", "link": "acme.com"}
    return [*found, *(signs[sign] for sign in limit.forbid)]


def inside(zone: SafeZone, size: tuple[int, int]) -> list[int]:
    """A headline in the clear, in the pixels of a file of this size."""
    across, down = size[0] / zone.width, size[1] / zone.height
    right = max(zone.right, zone.rail[1] if zone.rail else 0)
    return [
        round(zone.left * across) + 1, round(zone.top * down) + 1,
        round((zone.width - right) * across) - 1, round((zone.height - zone.bottom) * down) - 1,
    ]  # fmt: skip


def outside(size: tuple[int, int]) -> list[int]:
    """A headline in the lower left corner, where every app writes."""
    return [0, round(size[1] * 0.97), round(size[0] * 0.2), size[1]]
