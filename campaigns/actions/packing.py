"""What goes into a package: its members, their names, the manifest's entries.

Reads rows and files; writes nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from io import RawIOBase
from typing import Any, BinaryIO, cast

from campaigns.actions import platform_files
from campaigns.formats import manifest, naming, readme
from campaigns.formats.bundle import Member
from campaigns.models import (
    Asset,
    Candidate,
    Export,
    ExportItem,
    FaceConsent,
    Gate,
    Media,
    PlatformFile,
)
from campaigns.models.choices import FindingVerdict, Stage
from campaigns.queries import consents
from campaigns.queries import exports as names
from campaigns.queries import qa


class CannotPack(Exception):
    """The package cannot be made; the message names the asset and what to do."""


def storage_name(export: Export) -> str:
    """A random private name below the team's folder."""
    token = secrets.token_urlsafe(24)
    return f"teams/{export.team_id}/packages/{token}.zip"


def members(*, export: Export) -> list[Member]:
    """All files of the package. Raises CannotPack when something is not as it was approved."""
    files: list[tuple[PlatformFile, manifest.Entry]] = []
    taken: dict[str, list[str]] = {}
    for row in _rows(export):
        in_folder = taken.setdefault(row.platform, [])
        (name,) = naming.unique([names.file_name(row, _version(row.asset))], taken=in_folder)
        in_folder.append(name)
        files.append((row, _entry(row, name)))
    if not files:
        raise CannotPack("There is nothing to pack for the platforms that were ticked.")
    entries = [entry for _, entry in files]
    found = [
        Member(f"{row.platform}/{entry.file_name}", _media(row).size_bytes, _reader(_media(row)))
        for row, entry in files
    ]
    # nothing of the package's own: the same assets must give the same bytes on another day
    package: dict[str, Any] = {
        "team": export.team.name,
        "campaigns": sorted({entry.campaign_name for entry in entries}),
        "platforms": export.platforms,
    }
    title = " · ".join([export.team.name, *package["campaigns"][:3]])
    return [
        *found,
        Member.of_bytes("manifest.csv", manifest.to_csv(entries)),
        Member.of_bytes("manifest.json", manifest.to_json(package, entries)),
        Member.of_bytes("README.txt", readme.to_bytes(title=title, entries=entries)),
    ]


class _Reader:
    """Opens the stored file of a media row."""

    def __init__(self, media: Media) -> None:
        self._media = media

    def __call__(self) -> BinaryIO:
        try:
            source = self._media.file.open("rb")
        except OSError as error:
            raise CannotPack(
                "A stored file is missing. Move its crop in QA to make it again."
            ) from error
        return cast(BinaryIO, _Checked(source, self._media.sha256))


class _Checked(RawIOBase):
    """Reads a file and refuses its end when the bytes are not those that were approved."""

    def __init__(self, source: Any, sha256: str) -> None:
        self._source = source
        self._wanted = sha256
        self._digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        piece: bytes = self._source.read(size)
        self._digest.update(piece)
        if not piece and self._digest.hexdigest() != self._wanted:
            raise CannotPack(
                "A stored file is not the one that was approved: its content changed on disk. "
                "Move its crop in QA to make it again."
            )
        return piece

    def close(self) -> None:
        self._source.close()
        super().close()


def _reader(media: Media) -> _Reader:
    return _Reader(media)


def _media(row: PlatformFile) -> Media:
    if row.media is None:
        raise CannotPack(f"{row.asset.title} has no {row.get_platform_display()} file yet.")
    return row.media


def _rows(export: Export) -> Iterator[PlatformFile]:
    items = export.items.select_related("candidate__media").order_by("asset_id")
    for item in items:
        asset = Asset.objects.select_related(
            "campaign", "ad_set", "team", "current__media", "keyframe__media"
        ).get(pk=item.asset_id)
        _check_approved(asset, item)
        rows = [r for r in platform_files.of_asset(asset) if r.platform in export.platforms]
        for row in rows:
            if row.source.media.ai_status == "unknown":
                raise CannotPack(f"{asset.title}: {qa.UNDECLARED}")
            if row.due_at is not None:
                raise CannotPack(f"{asset.title}: a crop is still being made. Package it again.")
            if row.verdict == FindingVerdict.FAIL:
                raise CannotPack(
                    f"{asset.title}: the {row.get_platform_display()} {row.kind} fails its "
                    "checks. Open it in QA and mend it."
                )
            yield row


def _check_approved(asset: Asset, item: ExportItem) -> None:
    """The master that was asked for is still the approved one, byte for byte."""
    gate = _gate(asset)
    is_same = (
        asset.stage == Stage.READY
        and asset.current_id == item.candidate_id
        and asset.current is not None
        and asset.current.media.sha256 == item.sha256
        and gate is not None
        and gate.sha256 == item.sha256
    )
    if not is_same:
        raise CannotPack(
            f"{asset.title} changed after it was selected. Approve it in QA and package again."
        )


def _version(asset: Asset) -> int:
    return names.versions_of([asset])[asset.pk]


def _lineage(candidate: Candidate | None) -> tuple[manifest.Step, ...]:
    steps: list[manifest.Step] = []
    while candidate is not None:
        attempt, run = candidate.attempt, candidate.run
        inputs = (
            (candidate.parent.media.sha256,)
            if candidate.parent
            else tuple(run.asset.bases.values_list("media__sha256", flat=True))
        )
        if run.consent is not None:
            _check_agreed(run.consent, run.asset)
            inputs = (*inputs, run.consent.face.sha256)
        steps.append(
            manifest.Step(
                stage=run.stage,
                operation=run.operation,
                provider=attempt.provider,
                model=f"{attempt.model}@{attempt.model_version}",
                seed=candidate.seed,
                params=run.params,
                input_sha256=inputs,
                output_sha256=candidate.media.sha256,
                cost_micros=attempt.settled_micros or 0,
                at=candidate.created_at.isoformat(timespec="seconds"),
            )
        )
        candidate = candidate.parent
    return tuple(reversed(steps))


def _check_agreed(consent: FaceConsent, asset: Asset) -> None:
    """A face is not handed out any more once its person's consent is over."""
    why = consents.problem(consent, consents.today())
    if why:
        raise CannotPack(f"{asset.title}: {why} Approve a version without this face instead.")


def _rights_until(steps: tuple[manifest.Step, ...]) -> str:
    """The last day on which everybody whose face was swapped in agrees; "" without a swap."""
    agreed = [step.params["consent"]["until"] for step in steps if step.params.get("consent")]
    return min(agreed, default="")


def _gate(asset: Asset) -> Gate | None:
    return (
        Gate.objects.filter(asset=asset, stage=Stage.QA, withdrawn_at__isnull=True)
        .select_related("decided_by")
        .order_by("-pk")
        .first()
    )


def _approval(asset: Asset) -> manifest.Approval | None:
    gate = _gate(asset)
    if gate is None:
        return None
    return manifest.Approval(
        by=gate.decided_by.get_full_name() or gate.decided_by.username,
        at=gate.decided_at.isoformat(timespec="seconds"),
        sha256=gate.sha256,
    )


def _entry(row: PlatformFile, name: str) -> manifest.Entry:
    media, asset, master = _media(row), row.asset, row.source.media
    steps = _lineage(row.source)
    texts = {"headline": asset.headline, "primary_text": asset.subline, "cta": asset.cta}
    left, top, right, bottom = row.box
    return manifest.Entry(
        creative_code=asset.creative_code or "",
        platform=row.platform,
        kind=row.kind,
        file_name=name,
        ad_name=name.rsplit(".", 1)[0],
        placement=row.spec_id,
        width=media.width,
        height=media.height,
        size_bytes=media.size_bytes,
        sha256=media.sha256,
        verdict=row.verdict,
        spec_id=row.spec_id,
        spec_version=row.spec_version,
        master_id=str(row.source_id),
        master_sha256=master.sha256,
        version=_version(asset),
        campaign_name=asset.campaign.name,
        ad_set_name=asset.ad_set.name,
        language=asset.locale,
        disclosure=manifest.Disclosure(
            ai_status=media.ai_status,
            digital_source_type=row.label.get("digital_source_type", ""),
            c2pa=row.label.get("c2pa", "off"),
            tool=", ".join(dict.fromkeys(step.model for step in steps)),
            action=readme.disclosure_action(row.platform, media.ai_status),
        ),
        cost_micros=sum(step.cost_micros for step in steps),
        currency=asset.team.currency,
        duration_s=media.duration_s,
        fps=media.fps,
        crop=manifest.Crop((left, top, right, bottom), "manual" if row.is_manual else "smart"),
        findings=tuple(row.findings),
        approval=_approval(asset),
        texts={key: text for key, text in texts.items() if text},
        lineage=steps,
        rights_expiry_date=_rights_until(steps),
    )
