"""manifest.csv and manifest.json of a package: every file with its hash, checks, origin and cost.

The CSV is one row a file, to sort and to fill back (`ad_id`, `video_id` …: it is the join table for
results); the JSON holds the same in full. Bytes depend on nothing but the values given: no clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import gcd
from typing import Any

from campaigns.formats import csv_rows
from routing.money import MICROS

SCHEMA = 2

AI_STATUSES = ("none", "ai_modified", "ai_generated", "unknown")
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
CREATED = f"{_SOURCE_TYPE}digitalCreation"
DIGITAL_SOURCE_TYPES = {
    "none": f"{_SOURCE_TYPE}humanEdits",
    "ai_modified": f"{_SOURCE_TYPE}compositeWithTrainedAlgorithmicMedia",
    "ai_generated": f"{_SOURCE_TYPE}trainedAlgorithmicMedia",
    "unknown": "",
}

COLUMNS = (
    "creative_code", "platform", "kind", "path", "file_name", "ad_name", "placement",
    "width", "height", "ratio", "duration_s", "size_bytes", "sha256",
    "verdict", "findings", "waived_by", "waived_why",
    "spec_id", "spec_version", "fps", "video_codec", "video_kbps", "audio_codec", "audio_kbps",
    "loudness_lufs",
    "crop_left", "crop_top", "crop_right", "crop_bottom", "crop_method", "safe_zone",
    "master_id", "master_sha256", "variant_id", "version",
    "approved_by", "approved_at", "approved_sha256",
    "campaign_name", "ad_set_name", "language",
    "headline", "long_headline", "primary_text", "description", "cta",
    "final_url", "url_tags", "business_name",
    "ai_status", "declared_by", "declared_at", "digital_source_type", "c2pa", "disclosure_action",
    "master_cost", "currency", "rights_expiry_date",
    "image_hash", "video_id", "youtube_video_id", "ad_id",
)  # fmt: skip
FILL_BACK = COLUMNS[-4:]  # empty; the buyer fills them in after the upload


def source_type(ai_status: str, *, from_photo: bool) -> str:
    """The IPTC digital source type of a finished file; "" where nobody knows it.

    Cropping, resizing, trimming and encoding change nothing of it. Without AI, a photo that was
    set in type is edited by people; what began without a photo was created by them.
    """
    if ai_status == "none" and not from_photo:
        return CREATED
    return DIGITAL_SOURCE_TYPES[ai_status]


@dataclass(frozen=True, slots=True)
class Crop:
    """The part of the master that was taken, in its pixels, and how: "smart", "focus", "manual",
    or "whole_…" and "stack_…" where all of it is shown (docs/formats.md)."""

    box: tuple[int, int, int, int]
    method: str


@dataclass(frozen=True, slots=True)
class Waiver:
    """A manager let a failing check pass, and said why."""

    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Approval:
    """Who said yes to exactly which bytes; `at` is ISO 8601 in UTC."""

    by: str
    at: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    """How far AI was at work, and what a person has to switch on the platform for it."""

    ai_status: str
    digital_source_type: str = ""
    tool: str = ""
    declared_by: str = ""
    declared_at: str = ""
    c2pa: str = "off"
    action: str = ""

    def __post_init__(self) -> None:
        if self.ai_status not in AI_STATUSES:
            raise ValueError(f"{self.ai_status!r} is not one of {', '.join(AI_STATUSES)}.")


@dataclass(frozen=True, slots=True)
class Step:
    """One pass through a stage on the way to this file."""

    stage: str
    operation: str
    provider: str
    model: str
    seed: int | None
    params: Mapping[str, Any]
    input_sha256: tuple[str, ...]
    output_sha256: str
    cost_micros: int
    at: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One media file of a package, at `path` in it. `master_cost` is what the way to its master
    cost; all files of a master share it. `kind` is "still" or "clip"; `findings` as
    `SpecFinding.as_json` gives them; `texts` by the column names headline, primary_text, …"""

    creative_code: str
    platform: str
    kind: str
    file_name: str
    placement: str
    width: int
    height: int
    size_bytes: int
    sha256: str
    verdict: str
    spec_id: str
    spec_version: str
    master_id: str
    master_sha256: str
    version: int
    campaign_name: str
    ad_set_name: str
    language: str
    disclosure: Disclosure
    cost_micros: int
    currency: str
    title: str = ""
    path: str = ""
    variant_id: str = ""
    ad_name: str = ""
    duration_s: float | None = None
    fps: float | None = None
    video_codec: str = ""
    video_kbps: float | None = None
    audio_codec: str = ""
    audio_kbps: float | None = None
    loudness_lufs: float | None = None
    crop: Crop | None = None
    findings: tuple[Mapping[str, Any], ...] = ()
    waiver: Waiver | None = None
    approval: Approval | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    lineage: tuple[Step, ...] = ()
    rights_expiry_date: str = ""


def csv_row(entry: Entry) -> list[csv_rows.Cell]:
    """The file's row in manifest.csv, by COLUMNS."""
    values = _row(entry)
    return [values.get(column) for column in COLUMNS]


def json_head(package: Mapping[str, Any]) -> bytes:
    """The beginning of manifest.json: `package` are JSON values (team, campaigns …)."""
    about = _text(dict(package))
    return f'{{"schema": {SCHEMA},\n"package": {about},\n"files": ['.encode("utf-8", "replace")


def json_entry(entry: Entry, *, is_first: bool) -> bytes:
    """One file in full, behind `json_head` or another file."""
    comma = "" if is_first else ","
    return f"{comma}\n{_text(_json(entry))}".encode("utf-8", "replace")


def json_tail() -> bytes:
    """The end of manifest.json."""
    return b"\n]}\n"


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)


def money_text(micros: int) -> str:
    """Micro-units as decimal text without a currency: 4100000 → "4.10", 350 → "0.00035"."""
    amount = Decimal(micros) / MICROS
    short = amount.quantize(Decimal("0.01"))
    return f"{short:f}" if short == amount else f"{amount.normalize():f}"


def ratio_text(width: int, height: int) -> str:
    """ "9:16" for 1080 x 1920; sizes without a small ratio as decimals, "1.91:1"."""
    divisor = gcd(width, height) or 1
    if max(width, height) // divisor <= 32:
        return f"{width // divisor}:{height // divisor}"
    return f"{width / height:.2f}:1"


def _row(entry: Entry) -> dict[str, csv_rows.Cell]:
    values: dict[str, csv_rows.Cell] = {
        column: value
        for column in COLUMNS
        if isinstance(value := getattr(entry, column, None), str | int | float)
    }
    values.update({name: text for name, text in entry.texts.items() if name in COLUMNS})
    values.update(
        ratio=ratio_text(entry.width, entry.height),
        findings=_findings_text(entry.findings),
        safe_zone=_verdict_of(entry.findings, "safe_zone"),
        ai_status=entry.disclosure.ai_status,
        digital_source_type=_source_type(entry.disclosure),
        c2pa=entry.disclosure.c2pa,
        disclosure_action=entry.disclosure.action,
        declared_by=entry.disclosure.declared_by,
        declared_at=entry.disclosure.declared_at,
        master_cost=Decimal(money_text(entry.cost_micros)),
    )
    if entry.crop:
        names = ("crop_left", "crop_top", "crop_right", "crop_bottom")
        values.update(zip(names, entry.crop.box, strict=True))
        values["crop_method"] = entry.crop.method
    if entry.waiver:
        values.update(waived_by=entry.waiver.by, waived_why=entry.waiver.why)
    if entry.approval:
        values.update(
            approved_by=entry.approval.by,
            approved_at=entry.approval.at,
            approved_sha256=entry.approval.sha256,
        )
    for column in FILL_BACK:
        values[column] = None
    return values


def _json(entry: Entry) -> dict[str, Any]:
    crop, waiver, approval = entry.crop, entry.waiver, entry.approval
    disclosure = entry.disclosure
    return {
        "creative_code": entry.creative_code,
        "platform": entry.platform,
        "placement": entry.placement,
        "kind": entry.kind,
        "variant_id": entry.variant_id,
        "file": {
            "path": entry.path,
            "name": entry.file_name,
            "ad_name": entry.ad_name,
            "size_bytes": entry.size_bytes,
            "sha256": entry.sha256,
            "width": entry.width,
            "height": entry.height,
            "ratio": ratio_text(entry.width, entry.height),
            "duration_s": entry.duration_s,
            "fps": entry.fps,
            "video_codec": entry.video_codec or None,
            "video_kbps": entry.video_kbps,
            "audio_codec": entry.audio_codec or None,
            "audio_kbps": entry.audio_kbps,
            "loudness_lufs": entry.loudness_lufs,
        },
        "crop": {"box": list(crop.box), "method": crop.method} if crop else None,
        "check": {
            "spec_id": entry.spec_id,
            "spec_version": entry.spec_version,
            "verdict": entry.verdict,
            "findings": [dict(finding) for finding in entry.findings],
            "waiver": {"by": waiver.by, "why": waiver.why} if waiver else None,
        },
        "approval": {"by": approval.by, "at": approval.at, "sha256": approval.sha256}
        if approval
        else None,
        "master": {"id": entry.master_id, "sha256": entry.master_sha256, "version": entry.version},
        "campaign": entry.campaign_name,
        "ad_set": entry.ad_set_name,
        "language": entry.language,
        "texts": dict(entry.texts),
        "disclosure": {
            "ai_status": disclosure.ai_status,
            "digital_source_type": _source_type(disclosure),
            "tool": disclosure.tool,
            "declared_by": disclosure.declared_by or None,
            "declared_at": disclosure.declared_at or None,
            "c2pa": disclosure.c2pa,
            "action": disclosure.action,
        },
        "lineage": [_step(step, entry.currency) for step in entry.lineage],
        "master_cost": {"amount": money_text(entry.cost_micros), "currency": entry.currency},
        "rights_expiry_date": entry.rights_expiry_date or None,
    }


def _step(step: Step, currency: str) -> dict[str, Any]:
    return {
        "stage": step.stage,
        "operation": step.operation,
        "provider": step.provider,
        "model": step.model,
        "seed": step.seed,
        "params": dict(step.params),
        "input_sha256": list(step.input_sha256),
        "output_sha256": step.output_sha256,
        "cost": {"amount": money_text(step.cost_micros), "currency": currency},
        "at": step.at or None,
    }


def _source_type(disclosure: Disclosure) -> str:
    return disclosure.digital_source_type or DIGITAL_SOURCE_TYPES[disclosure.ai_status]


def _findings_text(findings: Sequence[Mapping[str, Any]]) -> str:
    """What did not pass, in one cell."""
    return "; ".join(
        f"{finding.get('verdict')}: {finding.get('label')} {finding.get('value_text')}"
        for finding in findings
        if finding.get("verdict") in {"fail", "warn"}
    )


def _verdict_of(findings: Sequence[Mapping[str, Any]], key: str) -> str:
    return next((str(item["verdict"]) for item in findings if item.get("key") == key), "")
