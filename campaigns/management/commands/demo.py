"""`manage.py demo`: a team with a campaign on every stage of the line, made by the real engine.

The photographs come from packages that are installed for this alone. Running it again changes
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import BaseCommand, CommandError

from campaigns import jobs
from campaigns.actions import (
    briefs,
    budgets,
    catalogs,
    curation,
    exports,
    people,
    planning,
    qa_gate,
    setting_up,
    stored,
)
from campaigns.management.commands.setup_models import pip_install
from campaigns.models import (
    AdSet,
    Asset,
    Attempt,
    Campaign,
    Export,
    Media,
    PlatformFile,
    StageRun,
    Team,
)
from campaigns.models.choices import ATTEMPT_DRIVEN, Ceiling, RunState
from campaigns.queries import access, qa
from routing.money import MICROS

TEAM = "Northwind Coffee"
LISTING = settings.BASE_DIR / "requirements-demo.txt"
PHOTOS = {
    "coffee": "skimage/data/coffee.png",
    "portrait": "skimage/data/astronaut.png",
    "cat": "skimage/data/chelsea.png",
    "launch": "skimage/data/rocket.jpg",
    "courtyard": "sklearn/datasets/images/china.jpg",
    "bloom": "sklearn/datasets/images/flower.jpg",
}
AD_SETS = ("Prospecting 25-34", "Prospecting 35-44", "Lookalike 1 %", "Retargeting 7d")
ALL = ("tiktok", "reels", "shorts")
APPROVED = {"low": 40, "medium": 90, "high": 120}
ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Sample:
    """One creative and how many gates it has passed when a visitor first looks."""

    title: str
    photo: str
    ad_set: int
    headline: str
    gates: int
    edit: str = ""
    polish: str = ""
    motion: str = ""
    locale: str = "en-GB"
    as_is: bool = False
    count: int = 3


SAMPLES = (
    Sample("Pour-over, ready to run", "coffee", 0, "Slow mornings", 2),
    Sample("Cat café loyalty", "cat", 3, "Your tenth cup is on us", 1),
    Sample("Hero portrait, slow push", "portrait", 1, "Ready for lift-off", 1, motion="push_in"),
    Sample(
        "Spring bloom, wider", "bloom", 3, "Spring roast is here", 1, edit="outpaint", as_is=True
    ),
    Sample("Courtyard tasting", "courtyard", 2, "Taste it where it grows", 0, locale="pt-PT"),
    Sample("Hero portrait, polished", "portrait", 1, "Crewed by coffee", 1, polish="face_enhance"),
    Sample("Launch blend", "launch", 2, "Out of this world", 0, as_is=True),
)


class Command(BaseCommand):
    """Loads the demonstration team once."""

    help = "Load a demonstration team with sample photographs."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the team, its campaign and its creatives."""
        if Team.objects.filter(name=TEAM).exists():
            return
        photos = self._photos()
        admin, _ = people.ensure_first_admin()
        catalogs.sync()
        self.stdout.write(
            "Making the demonstration with the local engine; this takes a minute or two …"
        )
        team = people.create_team(name=TEAM, by=admin)
        Team.objects.filter(pk=team.pk).update(brand_colors=["#7b3f1d", "#f4efe6", "#0e8f77"])
        team.refresh_from_db()
        media = {name: _upload(team, path, admin) for name, path in photos.items()}
        campaign = setting_up.create_campaign(
            team=team,
            name="Spring Roast",
            ceiling=Ceiling.LOW,
            default_locale="en-GB",
            ad_sets=AD_SETS,
            by=admin,
            brand="Northwind",
        )
        _fund(campaign, admin)
        ad_sets = list(campaign.ad_sets.order_by("pk"))
        for at, sample in enumerate(SAMPLES):
            self.stdout.write(f"  {at + 1} of {len(SAMPLES)}: {sample.title}")
            _creative(ad_sets[sample.ad_set], sample, media[sample.photo], admin)
        _waiting_request(team, media["courtyard"], admin)
        ready = list(Asset.objects.filter(team=team, stage="ready").select_related("campaign"))
        exports.request(team=team, assets=ready, platforms=ALL, token="demo-package", by=admin)  # noqa: S106 - a form token, not a password
        _work_off(team)

    def _photos(self) -> dict[str, Path]:
        folder = Path(settings.MODELS_DIR) / "demo-photos"
        found = {name: folder / path for name, path in PHOTOS.items()}
        if not all(path.is_file() for path in found.values()):
            self.stdout.write("Fetching sample photographs (once) …")
            reason = pip_install(folder, LISTING)
            if reason:
                raise CommandError(f"the sample photographs cannot be installed ({reason}).")
        return found


def _upload(team: Team, path: Path, by: User) -> Media:
    file = SimpleUploadedFile(path.name, path.read_bytes())
    media = stored.upload(team=team, file=file, by=by)
    Media.objects.filter(pk=media.pk).update(ai_status="none")
    media.ai_status = "none"
    return media


def _creative(ad_set: AdSet, sample: Sample, photo: Media, by: User) -> None:
    wanted: dict[str, dict[str, Any]] = {}
    if sample.edit:
        wanted["edit"] = {"operation": sample.edit}
    if sample.polish:
        wanted["polish"] = {"operation": sample.polish}
    asset, _ = briefs.create(
        ad_set=ad_set,
        brief=briefs.NewBrief(
            title=sample.title,
            goal=f"{sample.headline}: a creative for {ad_set.name}.",
            product="Spring roast",
            headline=sample.headline,
            subline="Fresh every week",
            cta="Shop now",
            purpose="social",
            locale=sample.locale,
            platforms=ALL,
            motion=sample.motion,
            motion_profile="camera_only" if sample.motion else "",
            deadline_at=None,
            count=sample.count,
            as_is=sample.as_is,
            bases=(photo,),
            wanted=wanted,
        ),
        token=f"demo-{sample.title}"[:64],
        by=by,
    )
    _work_off(asset.team)
    for _ in range(sample.gates):
        _pass_gate(asset, by)
        _work_off(asset.team)


def _pass_gate(asset: Asset, by: User) -> None:
    run = StageRun.objects.filter(asset=asset, state=RunState.REVIEW).first()
    if run is None:
        return
    met = [criterion["key"] for criterion in planning.criteria(run.stage)]
    if planning.is_files(run.stage):
        overview = qa.overview(asset=access.asset(asset.team, asset.pk))
        if not overview.failing:
            qa_gate.approve(asset=overview.asset, met=met, seen=overview.seen, by=by)
        return
    candidate = run.candidates.order_by("position").first()
    if candidate is not None:
        curation.approve(run=run, candidate=candidate, met=met, by=by)


def _fund(campaign: Campaign, by: User) -> None:
    tiers = {str(tier): dollars * MICROS for tier, dollars in APPROVED.items()}
    budgets.set_campaign(campaign=campaign, total_micros=sum(tiers.values()), tiers=tiers, by=by)


def _waiting_request(team: Team, photo: Media, by: User) -> None:
    """A campaign that asks before every run, so that the managers' inbox has something in it."""
    campaign = setting_up.create_campaign(
        team=team,
        name="Summer Launch",
        ceiling=Ceiling.NONE,
        default_locale="de-DE",
        ad_sets=["Broad 18-24"],
        by=by,
        brand="Northwind",
    )
    _fund(campaign, by)
    sample = Sample("Launch teaser", "courtyard", 0, "Bald da", 0, locale="de-DE")
    _creative(campaign.ad_sets.get(), sample, photo, by)


def _work_off(team: Team) -> None:
    """Do the team's open work here and now, by the workers' own jobs; they are not up yet."""
    for _ in range(ROUNDS):
        attempts = Attempt.objects.filter(run__team=team, state__in=ATTEMPT_DRIVEN)
        sends = attempts.filter(state="intended").values_list("pk", flat=True)
        fetches = attempts.filter(state="fetching").values_list("pk", flat=True)
        files = PlatformFile.objects.filter(team=team, due_at__isnull=False)
        packages = Export.objects.filter(team=team, state__in=["queued", "building"])
        unread = team.candidates.filter(measured_at__isnull=True)
        work = [
            *((jobs.submit, pk) for pk in list(sends)),
            *((jobs.fetch_media, pk) for pk in list(fetches)),
            *((jobs.make_file, pk) for pk in files.values_list("pk", flat=True)),
            *((jobs.measure, pk) for pk in unread.values_list("pk", flat=True)),
            *((jobs.build_export, pk) for pk in packages.values_list("pk", flat=True)),
        ]
        if not work:
            return
        for job, pk in work:
            job(pk)
