"""From boxes to figures: scores of each cropper by category, as a table and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.bench.crop.measures import NAMES, TARGETS, Case, best_full_size, is_valid, measure
from tests.bench.crop.pictures import Truth

Key = tuple[str, str]
GROUPS = ("all", "photo", "ad")
SHORT = {
    "subject_kept": "subject", "subject_whole": "whole", "faces_whole": "faces",
    "text_uncut": "uncut", "headline_in": "headline", "safe_zone": "safe",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scored:
    """One cropper: its measures a case (0..1; an invalid crop has 0 in all), boxes, cost."""

    measures: dict[Key, dict[str, float]]
    boxes: dict[Key, list[int]]
    invalid: int
    cpu_s: list[float]
    wall_s: list[float]
    peak_mb: float


def oracle(cases: Mapping[Key, Case]) -> dict[str, Any]:
    """The best full-size window of each case, in the shape of an answer."""
    boxes: dict[str, dict[str, list[int]]] = {}
    for (name, target), case in cases.items():
        boxes.setdefault(name, {})[target] = best_full_size(case)
    return {"answers": [{"name": name, "boxes": found} for name, found in boxes.items()]}


def score(answer: Mapping[str, Any], cases: Mapping[Key, Case]) -> Scored:
    """Measure every box of an answer."""
    measured: dict[Key, dict[str, float]] = {}
    boxes: dict[Key, list[int]] = {}
    invalid = 0
    for entry in answer["answers"]:
        for target in TARGETS:
            key = (entry["name"], target)
            case, box = cases[key], entry["boxes"][target]
            boxes[key] = box
            found = measure(case, np.asarray([box], dtype=np.float64))
            valid = is_valid(case, box)
            invalid += not valid
            measured[key] = {name: float(values[0]) * valid for name, values in found.items()}
    return Scored(
        measured,
        boxes,
        invalid,
        [entry["cpu_s"] for entry in answer["answers"] if "cpu_s" in entry],
        [entry["wall_s"] for entry in answer["answers"] if "wall_s" in entry],
        answer.get("peak_mb", 0.0),
    )


def summary(scored: Scored, names: Iterable[str]) -> dict[str, float]:
    """The mean of each measure over these pictures, and their mean as `overall`, in percent."""
    wanted = set(names)
    entries = [values for (name, _), values in scored.measures.items() if name in wanted]
    found: dict[str, float] = {}
    for measure_name in (*NAMES, "safe_zone_plain"):
        values = [entry[measure_name] for entry in entries if measure_name in entry]
        if values:
            found[measure_name] = 100 * statistics.fmean(values)
    found["overall"] = statistics.fmean(found[name] for name in NAMES if name in found)
    return found


def table(scored: Mapping[str, Scored], truths: Sequence[Truth]) -> str:
    """Per category one line a cropper; then cost."""
    lines = []
    for group in GROUPS:
        names = _names(truths, group)
        lines.append(
            f"\n{group}: {len(names)} pictures, {len(names) * len(TARGETS)} crops, percent"
        )
        heads = ["overall", *(SHORT[name] for name in NAMES), "safe plain"]
        lines.append(f"{'':15}" + "".join(f"{head:>11}" for head in heads))
        for name, entry in scored.items():
            found = summary(entry, names)
            values = [found["overall"], *(found.get(item) for item in (*NAMES, "safe_zone_plain"))]
            cells = "".join(f"{'-' if v is None else f'{v:.1f}':>11}" for v in values)
            lines.append(f"{name:15}{cells}")
        counts = [_count(scored["oracle"], names, item) for item in NAMES]
        lines.append(f"{'crops counted':15}{'':11}" + "".join(f"{n:>11}" for n in counts))
    lines.append(
        "\nper picture, file to four boxes: median, p95; memory of the process; invalid crops"
    )
    lines.append(
        f"{'':15}{'CPU s':>9}{'p95':>9}{'wall s':>9}{'p95':>9}{'x center':>10}{'MB':>8}"
        f"{'invalid':>9}"
    )
    base = (
        statistics.median(scored["center"].cpu_s)
        if "center" in scored and scored["center"].cpu_s
        else None
    )
    for name, entry in scored.items():
        if not entry.cpu_s:
            lines.append(
                f"{name:15}{'-':>9}{'-':>9}{'-':>9}{'-':>9}{'-':>10}{'-':>8}{entry.invalid:9}"
            )
            continue
        median = statistics.median(entry.cpu_s)
        ratio = f"{median / base:10.1f}" if base else f"{'-':>10}"
        lines.append(
            f"{name:15}{median:9.3f}{_p95(entry.cpu_s):9.3f}"
            f"{statistics.median(entry.wall_s):9.3f}{_p95(entry.wall_s):9.3f}"
            f"{ratio}{entry.peak_mb:8.0f}{entry.invalid:9}"
        )
    return "\n".join(lines)


def as_json(
    scored: Mapping[str, Scored], answers: Mapping[str, Any], truths: Sequence[Truth]
) -> dict[str, Any]:
    """Everything: summaries, every measure and every box."""
    return {
        "pictures": len(truths),
        "ads": len(_names(truths, "ad")),
        "targets": TARGETS,
        "methods": {
            name: {
                "summary": {g: summary(entry, _names(truths, g)) for g in GROUPS},
                "by_target": {t: _by_target(entry, t) for t in TARGETS},
                "invalid": entry.invalid,
                "cpu_s_median": statistics.median(entry.cpu_s) if entry.cpu_s else None,
                "wall_s_median": statistics.median(entry.wall_s) if entry.wall_s else None,
                "peak_mb": entry.peak_mb or None,
                "crops": [
                    {"picture": key[0], "target": key[1], "box": entry.boxes[key], **values}
                    for key, values in entry.measures.items()
                ],
            }
            for name, entry in scored.items()
        },
    }


def _by_target(scored: Scored, target: str) -> dict[str, float]:
    kept = {key: values for key, values in scored.measures.items() if key[1] == target}
    part = Scored(kept, scored.boxes, 0, [], [], 0.0)
    return summary(part, {name for name, _ in kept})


def _names(truths: Sequence[Truth], group: str) -> set[str]:
    return {truth.name for truth in truths if group in ("all", truth.category)}


def _count(scored: Scored, names: set[str], measure_name: str) -> int:
    return sum(
        measure_name in values for (name, _), values in scored.measures.items() if name in names
    )


def _p95(values: Sequence[float]) -> float:
    return float(np.percentile(np.asarray(values), 95))
