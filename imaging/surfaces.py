"""Brand surfaces: the rooms, papers and lights a product is set into, drawn from nothing.

Procedural and deterministic: the same kind, colors, light, place and seed give the same pixels.
It knows where something will stand, never what. It must not draw type or subjects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import filters
from imaging.palette import RGB, Palette, lch, mix, tint

Field = NDArray[np.float32]
KINDS = ("sweep", "table", "paper", "shapes", "podium", "gradient")
LIGHTS = ("soft", "left", "right", "window", "leaves")


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the subject will stand, in pixels: middle, base line, extent, and how far back on
    the floor its foot reaches (0: seen from the side)."""

    x: float
    y: float
    width: float
    height: float
    depth: float = 0.0


@dataclass(frozen=True, slots=True)
class Light:
    """x: -1 from the left .. 1 from the right; hardness 0..1; warmth tints the picture."""

    name: str
    x: float
    hardness: float
    warmth: float


@dataclass(frozen=True, slots=True)
class Surface:
    """rgb: uint8 HxWx3. light: what falls on it. has_floor: whether things can stand on it."""

    rgb: NDArray[np.uint8]
    light: Light
    has_floor: bool


def light_of(name: str, seed: int) -> Light:
    """The light of this name; KeyError for an unknown one. The seed picks a free side."""
    side = -1.0 if (seed >> 3) % 2 else 1.0
    return {
        "soft": Light("soft", 0.25 * side, 0.25, 0.2),
        "left": Light("left", -0.8, 0.6, 0.4),
        "right": Light("right", 0.8, 0.6, 0.4),
        "window": Light("window", -0.7, 0.8, 0.7),
        "leaves": Light("leaves", 0.7, 0.7, 0.7),
    }[name]


def make(
    kind: str,
    width: int,
    height: int,
    palette: Palette,
    light: Light,
    seed: int,
    stand: Stand,
) -> Surface:
    """Draw a surface of one of KINDS. KeyError for an unknown kind."""
    rng = np.random.default_rng([seed, KINDS.index(kind) if kind in KINDS else 0])
    canvas = _Canvas(width, height, rng)
    _PAINTERS[kind](canvas, palette, light, stand)
    _lay_light(canvas, light, stand, flat=kind == "gradient")
    # Half a level of noise before rounding: smooth gradients would band in eight bits.
    grain = rng.normal(0, 0.0045, (height, width, 1)).astype(np.float32)
    rgb = np.clip((canvas.rgb + grain) * 255 + 0.5, 0, 255).astype(np.uint8)
    return Surface(rgb=rgb, light=light, has_floor=kind in {"sweep", "table", "podium", "shapes"})


def sheet(
    rgb: NDArray[np.uint8], color: RGB, level: float, light: Light, seed: int
) -> NDArray[np.uint8]:
    """The picture with a sheet of paper over its lower part, its wavy edge around y = level."""
    height, width = rgb.shape[:2]
    rng = np.random.default_rng([seed, 97])
    canvas = _Canvas(width, height, rng)
    canvas.rgb[:] = rgb.astype(np.float32) / 255
    phase = rng.uniform(0, 6.28)
    wave = height * 0.028 * np.sin(canvas.x / width * 6.28 * 0.8 + phase)
    _sheet(canvas, color, _broad(canvas, canvas.y - (level + wave)), light)
    return filters.bytes_of(canvas.rgb * 255)


class _Canvas:
    """A float picture with its coordinates (x and y in pixels) and its own randomness."""

    def __init__(self, width: int, height: int, rng: np.random.Generator) -> None:
        self.width, self.height, self.rng = width, height, rng
        self.y, self.x = (
            np.arange(height, dtype=np.float32)[:, None] + 0.5,
            np.arange(width, dtype=np.float32)[None, :] + 0.5,
        )
        self.rgb = np.empty((height, width, 3), dtype=np.float32)

    def fill(self, color: RGB) -> None:
        self.rgb[:] = np.asarray(color, dtype=np.float32)

    def blend(self, color: RGB, share: Field) -> None:
        self.rgb += (np.asarray(color, dtype=np.float32) - self.rgb) * share[:, :, None]

    def shade(self, factor: Field) -> None:
        self.rgb *= factor[:, :, None]

    def noise(self, cell: float, aspect: float = 1.0) -> Field:
        """Smooth noise around 0 with deviation about 1; `cell` is its grain in pixels."""
        rows = max(4, round(self.height / cell))
        columns = max(4, round(self.width / (cell * aspect)))
        coarse = self.rng.normal(0, 1, (rows, columns)).astype(np.float32)
        size = (self.width, self.height)
        return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.float32)


def _step(value: NDArray[Any], low: float, high: float) -> Field:
    share = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def _broad(canvas: _Canvas, field: NDArray[Any]) -> Field:
    return np.array(np.broadcast_to(field, (canvas.height, canvas.width)), dtype=np.float32)


def _horizon(canvas: _Canvas, stand: Stand) -> float:
    back = 0.08 * stand.height + 1.05 * stand.depth + 20
    return min(canvas.height * 0.93, stand.y - back)


def _sweep(canvas: _Canvas, palette: Palette, light: Light, stand: Stand) -> None:
    canvas.fill(palette.ground)
    edge = _horizon(canvas, stand)
    canvas.blend(palette.floor, _broad(canvas, _step(canvas.y, edge - 150, edge + 170)))
    # The bend of the paper catches less light than wall and floor.
    bend = np.exp(-(((canvas.y - edge) / 120) ** 2)) * 0.07
    canvas.shade(1 - _broad(canvas, bend))


def _table(canvas: _Canvas, palette: Palette, light: Light, stand: Stand) -> None:
    canvas.fill(palette.ground)
    plaster = 0.006 * canvas.noise(6) + 0.006 * canvas.noise(90) + 0.010 * canvas.noise(300)
    canvas.shade(1 + plaster)
    edge = _horizon(canvas, stand)
    light_top = lch(palette.floor)[0]
    top = tint(palette.floor, min(0.93, light_top + 0.03), 0.035 if light_top > 0.75 else 0.075)
    stone = _Canvas(canvas.width, canvas.height, canvas.rng)
    stone.fill(top)
    stretch = 2.2
    clouds = 0.5 * canvas.noise(160, stretch) + 0.35 * canvas.noise(60, stretch)
    stone.shade(1 + 0.022 * clouds + 0.012 * canvas.noise(5, 1.6))
    specks = np.clip(canvas.noise(3.2, 1.5) - 2.1, 0, 1)
    stone.blend(palette.ink, (specks * 0.35).astype(np.float32))
    share = _broad(canvas, _step(canvas.y, edge - 1.5, edge + 1.5))
    canvas.rgb += (stone.rgb - canvas.rgb) * share[:, :, None]
    # Where wall meets table it is darker above; the top's edge catches a line of light.
    dusk = np.where(canvas.y < edge, 0.16 * np.exp((canvas.y - edge) / 46), 0)
    glow = np.where(canvas.y >= edge, 0.05 * np.exp(-(canvas.y - edge) / 34), 0)
    canvas.shade(_broad(canvas, (1 - dusk + glow).astype(np.float32)))


def _paper(canvas: _Canvas, palette: Palette, light: Light, stand: Stand) -> None:
    canvas.fill(palette.ground)
    rng = canvas.rng
    hills = (
        (palette.shape, stand.y - 0.62 * stand.height, 0.10),
        (mix(palette.shape, palette.accent, 0.28), stand.y - 0.30 * stand.height, 0.08),
        (palette.floor, stand.y - 0.04 * stand.height, 0.05),
    )
    for color, level, swing in hills:
        phase, turns = rng.uniform(0, 6.28), rng.uniform(0.6, 1.0)
        rise = canvas.height * swing * np.sin(canvas.x / canvas.width * 6.28 * turns + phase)
        tilt = (canvas.x - canvas.width / 2) * rng.uniform(-0.16, 0.16)
        depth = _broad(canvas, canvas.y - (level + rise + tilt))
        _sheet(canvas, color, depth, light)
    fibers = 0.010 * canvas.noise(2.4, 3.0) + 0.007 * canvas.noise(2.4, 0.5)
    canvas.shade(1 + fibers + 0.008 * canvas.noise(60))


def _sheet(canvas: _Canvas, color: RGB, depth: Field, light: Light) -> None:
    """Lay a sheet over the canvas where depth (pixels from its edge) is positive."""
    moved = filters.shift(depth, -light.x * 16, -10, replicate=True)
    near, far = _step(moved, -16, 26), _step(moved, -90, 60)
    canvas.shade(1 - 0.16 * near - 0.13 * far)
    canvas.blend(color, _step(depth, -0.8, 0.8))
    lip = np.exp(-(((depth - 2) / 2.2) ** 2)) * 0.10
    canvas.rgb += lip.astype(np.float32)[:, :, None]


def _shapes(canvas: _Canvas, palette: Palette, light: Light, stand: Stand) -> None:
    _sweep(canvas, palette, light, stand)
    edge = _horizon(canvas, stand)
    half = float(np.clip(stand.width * 0.5 + 60, 300, 430))
    rng = canvas.rng
    arch = rng.random() < 0.6
    # It frames the subject and stays out of the type above.
    top = max(canvas.height * 0.12, stand.y - stand.height * 1.04)
    middle = top + half
    across = np.abs(canvas.x - stand.x)
    dome = np.hypot(across, canvas.y - middle) - half
    outside = dome
    if arch:
        outside = np.where(canvas.y < middle, dome, _broad(canvas, across) - half)
    share = _step(_broad(canvas, -outside), -0.9, 0.9)
    share *= _step(_broad(canvas, edge - canvas.y), -0.9, 0.9)
    far = filters.shift(filters.blur(share, 34), -light.x * 26, 14)
    canvas.shade(1 - 0.14 * far * (1 - share))
    fall = np.clip((canvas.y - (middle - half)) / (2 * half), 0, 1)
    inner = _Canvas(canvas.width, canvas.height, rng)
    inner.fill(palette.shape)
    inner.shade(_broad(canvas, (1.05 - 0.12 * fall).astype(np.float32)))
    canvas.rgb += (inner.rgb - canvas.rgb) * share[:, :, None]


def _podium(canvas: _Canvas, palette: Palette, light: Light, stand: Stand) -> None:
    _sweep(canvas, palette, light, Stand(stand.x, stand.y + 230, stand.width, stand.height))
    half = min(canvas.width * 0.46, stand.width * 0.5 + 70)
    tilt = half * 0.19
    middle = stand.y - max(tilt * 0.10, stand.depth * 0.2)
    lower = middle + max(150.0, half * 0.42)
    across = (canvas.x - stand.x) / half
    # The podium's own shadows on the floor: tight at its foot, wide away from the light.
    for reach, sink, depth in ((1.03, 5.0, 0.42), (1.22, 14.0, 0.26)):
        moved = canvas.x - stand.x + light.x * half * (reach - 1) * 1.6
        cast = np.hypot(moved / (half * reach), (canvas.y - lower - sink) / (tilt * reach**1.6))
        soft = 0.05 + (reach - 1) * 1.6
        canvas.shade(1 - depth * _step(_broad(canvas, -cast), -1 - soft, -1 + soft * 1.2))
    dip = tilt * np.sqrt(np.clip(1 - across**2, 0, 1))
    inside = _step(_broad(canvas, 1 - np.abs(across)) * half, -0.8, 0.8)
    body = inside * _step(canvas.y - middle, -0.8, 0.8) * _step(lower + dip - canvas.y, -0.8, 0.8)
    side = _Canvas(canvas.width, canvas.height, canvas.rng)
    side.fill(palette.shape)
    turn = np.clip(0.86 + 0.20 * np.cos((across - light.x * 0.55) * 1.7) - 0.12 * across**4, 0, 2)
    drop = 1 - 0.14 * np.clip((canvas.y - middle) / (lower - middle), 0, 1)
    side.shade(_broad(canvas, (turn * drop).astype(np.float32)))
    canvas.rgb += (side.rgb - canvas.rgb) * body[:, :, None]
    round_top = np.hypot(across, (canvas.y - middle) / tilt)
    disc = _step((1 - round_top) * tilt, -0.8, 0.8)
    cover = tint(palette.shape, min(0.97, lch(palette.shape)[0] + 0.055))
    canvas.blend(cover, disc)
    rim = np.exp(-(((round_top - 0.985) * tilt / 1.6) ** 2)) * (canvas.y > middle)
    canvas.rgb += (rim * 0.07).astype(np.float32)[:, :, None]


def _gradient(canvas: _Canvas, palette: Palette, light: Light, stand: Stand) -> None:
    canvas.fill(palette.ground)
    rng = canvas.rng
    wells = (
        (palette.shape, 0.85, 0.62),
        (mix(palette.ground, palette.accent, 0.55), 0.55, 0.42),
        (tint(palette.ground, min(0.97, lch(palette.ground)[0] + 0.10)), 0.80, 0.50),
    )
    for color, strength, size in wells:
        x = rng.uniform(0.0, 1.0) * canvas.width
        y = rng.uniform(0.30, 1.0) * canvas.height
        away = np.hypot((canvas.x - x) / canvas.width, (canvas.y - y) / canvas.height * 1.3)
        canvas.blend(color, (strength * np.exp(-((away / size) ** 2))).astype(np.float32))


def _lay_light(canvas: _Canvas, light: Light, stand: Stand, *, flat: bool) -> None:
    """Fall-off, a pool behind the subject, and what the light passes through."""
    across = (canvas.x / canvas.width - 0.5) * 2
    slope = 1 + 0.085 * light.x * across * (0.4 + light.hardness)
    middle = stand.y - stand.height * 0.55
    away = np.hypot(
        (canvas.x - stand.x) / (canvas.width * 0.80), (canvas.y - middle) / (canvas.height * 0.50)
    )
    pool = 0.075 * np.exp(-(away**2)) - 0.09 * _step(away, 0.75, 1.7)
    canvas.shade((slope + pool * (0.4 if flat else 1)).astype(np.float32))
    if light.name in {"window", "leaves"} and not flat:
        gobo = _window(canvas, light) if light.name == "window" else _leaves(canvas, light)
        warm = np.asarray([1.0 + 0.035, 1.0 + 0.012, 1.0 - 0.03], dtype=np.float32)
        canvas.rgb *= (0.87 + 0.165 * gobo)[:, :, None]
        canvas.rgb *= 1 + (warm - 1) * gobo[:, :, None]


def _window(canvas: _Canvas, light: Light) -> Field:
    """Panes of light falling slantwise: 0 in the shadow of the frame, 1 in the light."""
    rng = canvas.rng
    angle = 0.42 * (1 if light.x < 0 else -1)
    x = canvas.x - canvas.width * rng.uniform(0.42, 0.58)
    y = canvas.y - canvas.height * rng.uniform(0.40, 0.50)
    u = x + y * angle * 0.55
    v = y - x * angle
    pane_w, pane_h, bar = 330.0, 420.0, 34.0
    inside = _step(pane_w * 1.0 + 0 * u - np.abs(u), -26, 26)
    inside = inside * _step(pane_h * 1.55 - np.abs(v), -30, 30)
    bars = _step(np.abs(u), bar * 0.2, bar * 1.3)
    beams = _step(np.abs(np.mod(v + pane_h / 2, pane_h) - pane_h / 2), bar * 0.2, bar * 1.3)
    gobo = inside * bars * beams
    return np.asarray(cv2.GaussianBlur(_broad(canvas, gobo), (0, 0), 9), dtype=np.float32)


def _leaves(canvas: _Canvas, light: Light) -> Field:
    """Sun through a branch: blurred leaf shadows from the light's side, 0 dark, 1 light."""
    rng = canvas.rng
    small = 4
    shadow = np.zeros((canvas.height // small, canvas.width // small), dtype=np.uint8)
    rows, columns = shadow.shape
    side = 1 if light.x > 0 else -1
    for _ in range(5):
        x = columns * (0.5 + side * rng.uniform(0.15, 0.75))
        y = rows * rng.uniform(-0.05, 0.55)
        heading = (np.pi if side > 0 else 0.0) + rng.uniform(-0.2, 0.9) * side * -1
        for _ in range(15):
            x += np.cos(heading) * columns * 0.052
            y += abs(np.sin(heading)) * rows * 0.012 + rows * 0.012
            for sign in (-1, 1):
                lean = heading + sign * rng.uniform(0.5, 1.0)
                length = columns * rng.uniform(0.06, 0.11)
                center = (round(x + np.cos(lean) * length), round(y + np.sin(lean) * length))
                size = (max(2, round(length)), max(1, round(length * rng.uniform(0.18, 0.28))))
                cv2.ellipse(shadow, center, size, float(np.degrees(lean)), 0, 360, 255, -1)
    soft = cv2.GaussianBlur(shadow.astype(np.float32) / 255, (0, 0), 5.0)
    size = (canvas.width, canvas.height)
    return np.asarray(
        1 - 0.8 * cv2.resize(soft, size, interpolation=cv2.INTER_CUBIC), dtype=np.float32
    )


_PAINTERS: dict[str, Callable[[_Canvas, Palette, Light, Stand], None]] = {
    "sweep": _sweep,
    "table": _table,
    "paper": _paper,
    "shapes": _shapes,
    "podium": _podium,
    "gradient": _gradient,
}
