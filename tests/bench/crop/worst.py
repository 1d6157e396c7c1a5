"""Our weakest crops against the best full-size window: a list, and pictures with boxes drawn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageDraw

from tests.bench.crop.measures import NAMES, Case
from tests.bench.crop.report import Key, Scored

COUNT = 60
SIDE = 700
COLORS = {"subject": "yellow", "face": "red", "text": "cyan", "ours": "lime", "best": "white"}


def write(folder: Path, ours: Scored, best: Scored, cases: Mapping[Key, Case]) -> None:
    """`folder`/worst.txt and one picture a case, the widest gap first."""
    folder.mkdir(parents=True, exist_ok=True)
    gaps = sorted(cases, key=lambda key: _mean(ours, key) - _mean(best, key))
    lines = [f"colors: {COLORS}", ""]
    for place, key in enumerate(gaps[:COUNT], start=1):
        case = cases[key]
        words = ", ".join(
            f"{name} {100 * ours.measures[key][name]:.0f}"
            f" (best {100 * best.measures[key][name]:.0f})"
            for name in NAMES
            if name in ours.measures[key]
        )
        lines.append(
            f"{place:2} {key[0]} {key[1]}: {100 * _mean(ours, key):.0f} against "
            f"{100 * _mean(best, key):.0f}: {words}; box {ours.boxes[key]} of "
            f"{case.truth.width}x{case.truth.height}, best {best.boxes[key]}; {case.truth.file}"
        )
        image = drawn(case, ours.boxes[key], best.boxes[key])
        image.save(folder / f"{place:02}-{key[0]}-{key[1].replace(':', 'x')}.jpg", quality=85)
    (folder / "worst.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"\n{min(COUNT, len(gaps))} weakest crops: {folder / 'worst.txt'}")


def drawn(case: Case, ours: list[int], best: list[int]) -> Image.Image:
    """The picture with what is in it and both windows."""
    truth = case.truth
    with Image.open(truth.file) as opened:
        image = opened.convert("RGB")
    image.thumbnail((SIDE, SIDE))
    factor = image.width / truth.width
    pen = ImageDraw.Draw(image)
    marks = [("best", best), ("ours", ours), ("subject", truth.subject)]
    marks += [("face", face) for face in truth.faces] + [("text", text) for text in truth.texts]
    for name, box in marks:
        pen.rectangle(
            [value * factor for value in box],
            outline=COLORS[name],
            width=5 if name == "ours" else 2,
        )
    return image


def _mean(scored: Scored, key: Key) -> float:
    found = [scored.measures[key][name] for name in NAMES if name in scored.measures[key]]
    return sum(found) / len(found)
