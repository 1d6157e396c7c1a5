"""The files of a package, each with its row of the manifest, and only if it is as it was approved.

Reads rows; writes nothing. How a package is put together is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from campaigns.actions import platform_files
from campaigns.formats import manifest, naming, readme
from campaigns.models import (
    Asset,
    Candidate,
    Event,
    Export,
    ExportItem,
    FaceConsent,
    Gate,
    Media,
    PlatformFile,
)
from campaigns.models.choices import Stage
from campaigns.queries import consents, declarations, fillings, freshness, qa, waivers
from campaigns.queries import exports as names


class CannotPack(Exception):
    """The package cannot be made; the message names the asset and what to do."""


def of_export(export: Export) -> Iterator[tuple[manifest.Entry, Media]]:
    """Every file with its row of the manifest, asset by asset: campaign, ad set, creative.

    Raises CannotPack at the first one that may not be packed.
    """
    taken: dict[str, list[str]] = {}
    items = export.items.order_by("asset__campaign__name", "asset__ad_set__name", "asset_id")
    for item in items.iterator(chunk_size=100):
        asset = Asset.objects.select_related(
            "campaign", "ad_set", "team", "current__media", "keyframe__media"
        ).get(pk=item.asset_id)
        gate = _approved(asset, item)
        hashes = _approved_files(gate)
        rows = [r for r in platform_files.of_asset(asset) if r.platform in export.platforms]
        shared = _Shared(asset, gate)
        if shared.said.is_open:
            raise CannotPack(f"{asset.title}: {waivers.UNDECLARED}")
        waived = waivers.of(rows)
        for row in rows:
            media = _check(row, hashes, waived)
            folder = f"{shared.folder}/{row.platform}"
            in_folder = taken.setdefault(folder, [])
            (name,) = naming.unique([names.file_name(row, shared.version)], taken=in_folder)
            in_folder.append(name)
            yield _entry(row, f"{folder}/{name}", media, shared, waived), media


def _approved(asset: Asset, item: ExportItem) -> Gate:
    """The gate of the master that was asked for, which is still the same, byte for byte."""
    gate = _gate(asset)
    is_same = (
        asset.stage == Stage.READY
        and asset.current_id == item.candidate_id
        and asset.current is not None
        and asset.current.media.sha256 == item.sha256
        and gate is not None
        and gate.sha256 == item.sha256
    )
    if gate is None or not is_same:
        raise CannotPack(
            f"{asset.title} changed after it was selected. Approve it in QA and package again."
        )
    return gate


def _approved_files(gate: Gate) -> dict[str, str]:
    """The hash of every file that was looked at when the gate was passed."""
    said = Event.objects.filter(verb="files.approve", asset_id=gate.asset_id, subject="run")
    found = (
        said.filter(subject_id=gate.run_id or 0)
        .order_by("-pk")
        .values_list("after", flat=True)
        .first()
    )
    return dict(found or {})


def _check(row: PlatformFile, hashes: Mapping[str, str], waived: waivers.Waived) -> Media:
    """The file to pack. Raises CannotPack unless it is finished, sound and the approved one."""
    title, label = row.asset.title, f"{row.get_platform_display()} {row.kind}"
    if row.source.media.ai_status == "unknown":
        raise CannotPack(f"{title}: {waivers.UNDECLARED}")
    if row.due_at is not None:
        raise CannotPack(f"{title}: a crop is still being made. Package it again.")
    for why in freshness.changes(row):
        raise CannotPack(f"{title}: {label}. {why} Make it again in QA and approve it.")
    if waivers.is_blocked(row, waived):
        raise CannotPack(f"{title}: the {label} fails its checks. Open it in QA and mend it.")
    if row.media is None:
        raise CannotPack(f"{title} has no {label} yet. Open it in QA.")
    if hashes.get(f"{row.platform} {row.kind}") != row.media.sha256:
        raise CannotPack(
            f"{title}: the {label} is not the file that was approved. Move its crop in QA, look "
            "at it and approve it again."
        )
    return row.media


class _Shared:
    """What all files of one asset have in common; worked out once."""

    def __init__(self, asset: Asset, gate: Gate) -> None:
        self.version = names.versions_of([asset])[asset.pk]
        self.gate = gate
        self.said = declarations.of_asset(asset)
        self.folder = names.folder_of(asset)
        self._steps: dict[int, tuple[manifest.Step, ...]] = {}

    def steps(self, source: Candidate) -> tuple[manifest.Step, ...]:
        """The way to a master."""
        if source.pk not in self._steps:
            self._steps[source.pk] = _lineage(source)
        return self._steps[source.pk]


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


def _waiver(row: PlatformFile, waived: waivers.Waived) -> manifest.Waiver | None:
    let_pass = list(waived.get(row.pk, {}).values())
    return manifest.Waiver(*waivers.in_words(let_pass)) if let_pass else None


def _entry(
    row: PlatformFile, path: str, media: Media, shared: _Shared, waived: waivers.Waived
) -> manifest.Entry:
    asset, master, said, gate = row.asset, row.source.media, shared.said, shared.gate
    steps = shared.steps(row.source)
    texts = {
        "headline": asset.headline,
        "primary_text": asset.subline,
        "cta": asset.cta,
        "business_name": asset.campaign.brand,
        "url_tags": f"utm_content={asset.creative_code}" if asset.creative_code else "",
        **freshness.texts_of(row),
    }
    left, top, right, bottom = row.box
    label, spec = row.label, qa.spec_of_row(row)
    name = path.rpartition("/")[2]
    return manifest.Entry(
        creative_code=asset.creative_code or "",
        title=asset.title,
        platform=row.platform,
        kind=row.kind,
        path=path,
        file_name=name,
        ad_name=name.rsplit(".", 1)[0],
        placement=spec.placement,
        width=media.width,
        height=media.height,
        size_bytes=media.size_bytes,
        sha256=media.sha256,
        verdict=row.verdict,
        spec_id=row.spec_id,
        spec_version=row.spec_version,
        master_id=str(row.source_id),
        master_sha256=master.sha256,
        variant_id=str(row.pk),
        version=shared.version,
        campaign_name=asset.campaign.name,
        ad_set_name=asset.ad_set.name,
        language=asset.locale,
        disclosure=manifest.Disclosure(
            ai_status=media.ai_status,
            digital_source_type=label.get("digital_source_type", ""),
            c2pa=label.get("c2pa", "off"),
            tool=", ".join(dict.fromkeys(step.model for step in steps)),
            declared_by=said.who,
            declared_at=said.at.isoformat(timespec="seconds") if said.at else "",
            action=readme.disclosure_action(spec.disclosure, media.ai_status),
        ),
        cost_micros=sum(step.cost_micros for step in steps),
        currency=asset.team.currency,
        duration_s=media.duration_s,
        fps=media.fps,
        video_codec=label.get("video_codec") or "",
        video_kbps=label.get("video_kbps"),
        audio_codec=label.get("audio_codec") or "",
        audio_kbps=label.get("audio_kbps"),
        loudness_lufs=label.get("loudness_lufs"),
        crop=manifest.Crop((left, top, right, bottom), fillings.method(row)),
        findings=waivers.with_names(row, waived),
        waiver=_waiver(row, waived),
        approval=manifest.Approval(
            by=gate.decided_by.get_full_name() or gate.decided_by.username,
            at=gate.decided_at.isoformat(timespec="seconds"),
            sha256=media.sha256,  # the same as was approved, or it would not be here
        ),
        texts={key: text for key, text in texts.items() if text},
        lineage=steps,
        rights_expiry_date=_rights_until(steps),
    )
