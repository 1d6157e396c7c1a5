"""Rows for tests, made through the actions wherever there is one."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import skimage
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from campaigns import jobs
from campaigns.actions import (
    briefs,
    budgets,
    catalogs,
    consents,
    curation,
    people,
    runs,
    setting_up,
    stored,
)
from campaigns.models import (
    AdSet,
    Asset,
    Attempt,
    BudgetLine,
    Campaign,
    Candidate,
    CatalogModel,
    Export,
    FaceConsent,
    Media,
    Membership,
    PlatformFile,
    StageRun,
    Team,
)
from campaigns.models.choices import ATTEMPT_DRIVEN, Ceiling, Role
from campaigns.queries.months import month
from campaigns.stages import generation

SKIMAGE = Path(skimage.__file__).parent / "data"
COFFEE = SKIMAGE / "coffee.png"  # a product on a table
ASTRONAUT = SKIMAGE / "astronaut.png"  # a person
PASSWORD = "correct horse battery"


def person(name: str, **values: Any) -> User:
    """An account that can sign in with PASSWORD."""
    email = f"{name.lower()}@example.com"
    return User.objects.create_user(email, email, PASSWORD, first_name=name, **values)


def member(team: Team, name: str, *roles: Role) -> User:
    """A person with these roles in `team`."""
    user = person(name)
    for role in roles:
        Membership.objects.create(team=team, user=user, role=role)
    return user


def team(name: str = "Northwind Coffee", founder: User | None = None) -> Team:
    """A team; its founder is somebody who appears nowhere else."""
    if not CatalogModel.objects.exists():  # a test that emptied the tables ran before
        catalogs.sync()
    return people.create_team(name=name, by=founder or person(f"Founder-{secrets.token_hex(4)}"))


def ad_set(of: Team, *, by: User, ceiling: Ceiling = Ceiling.LOW, name: str = "Spring") -> AdSet:
    """A campaign with one ad set."""
    campaign = setting_up.create_campaign(
        team=of,
        name=name,
        ceiling=Ceiling.LOW,
        default_locale="en-GB",
        ad_sets=["Prospecting"],
        by=by,
    )
    if ceiling != campaign.ceiling:  # as a manager would set it
        Campaign.objects.filter(pk=campaign.pk).update(ceiling=ceiling)
    return campaign.ad_sets.select_related("campaign").get()


def fund(campaign: Campaign, *, low: int = 0, medium: int = 0, high: int = 0) -> None:
    """Let the tiers of a campaign spend these micro-units this month; its total is their sum."""
    lines = {line.tier: line.pk for line in budgets.open_month(campaign=campaign)}
    total = low + medium + high
    for tier, amount in (("low", low), ("medium", medium), ("high", high)):
        BudgetLine.objects.filter(pk=lines[tier]).update(approved_micros=amount)
    BudgetLine.objects.filter(campaign=campaign, tier="", period=month()).update(
        approved_micros=total, allocated_micros=total
    )


def tier_line(campaign: Campaign, tier: str = "low") -> BudgetLine:
    """This month's line of a tier."""
    return BudgetLine.objects.get(campaign=campaign, tier=tier, period=month())


def photo(of: Team, *, by: User, path: Path = COFFEE) -> Media:
    """A real photograph, taken in like an upload."""
    file = SimpleUploadedFile(path.name, path.read_bytes())
    return stored.upload(team=of, file=file, by=by)


def brief(title: str = "Pour-over", **values: Any) -> briefs.NewBrief:
    """A checked brief for one still on all platforms."""
    defaults: dict[str, Any] = {
        "title": title,
        "goal": "Show the morning coffee and make people want one.",
        "product": "Pour-over kit",
        "headline": "Slow mornings",
        "subline": "Fresh roast, every week",
        "cta": "Shop now",
        "purpose": "social",
        "locale": "en-GB",
        "platforms": ("tiktok", "reels", "shorts"),
        "motion": "",
        "motion_profile": "",
        "deadline_at": None,
        "count": 2,
        "as_is": False,
        "bases": (),
        "wanted": {},
    }
    return briefs.NewBrief(**{**defaults, **values})


def asset(to: AdSet, *, by: User, **values: Any) -> Asset:
    """An asset whose first run is queued."""
    made, _ = briefs.create(
        ad_set=to, brief=brief(**values), token=secrets.token_urlsafe(12), by=by
    )
    return made


def drain(rounds: int = 40) -> None:
    """Do what workers would do until nothing is left, by the jobs themselves, without a queue."""
    for _ in range(rounds):
        work: list[tuple[Any, int]] = []
        for attempt in Attempt.objects.filter(state__in=ATTEMPT_DRIVEN).order_by("pk"):
            job = {"intended": jobs.submit, "submitted": None}.get(attempt.state, jobs.fetch_media)
            if job is not None:
                work.append((job, attempt.pk))
        work += [
            (jobs.make_file, pk)
            for pk in PlatformFile.objects.filter(due_at__isnull=False).values_list("pk", flat=True)
        ]
        work += [
            (jobs.measure, pk)
            for pk in Candidate.objects.filter(measured_at__isnull=True).values_list(
                "pk", flat=True
            )
        ]
        work += [
            (jobs.build_export, pk)
            for pk in Export.objects.filter(state__in=["queued", "building"]).values_list(
                "pk", flat=True
            )
        ]
        if not work:
            return
        for job, pk in work:
            job(pk)
    raise AssertionError("the line did not come to rest")


def open_run(of: Asset) -> StageRun:
    """The asset's newest run."""
    return of.runs.order_by("-pk")[0]


def consent(of: Team, *, by: User, **values: Any) -> FaceConsent:
    """A person who agreed for the next month, with a real photo of one face."""
    today = timezone.now().date()
    defaults: dict[str, Any] = {
        "face": SimpleUploadedFile("face.png", ASTRONAUT.read_bytes()),
        "person_name": "Eileen Example",
        "covers": "Autumn campaign, social media",
        "valid_from": today,
        "valid_until": today + timedelta(days=30),
        "is_agreed": True,
    }
    return consents.record(team=of, by=by, **{**defaults, **values})


def at_polish(to: AdSet, *, by: User) -> Asset:
    """An asset with an approved still at which nothing runs."""
    fund(to.campaign, low=10_000_000, medium=10_000_000, high=10_000_000)
    made = asset(to, by=by, bases=(photo(to.campaign.team, by=by),), as_is=True)
    drain()
    first = open_run(made)
    curation.approve(
        run=first,
        candidate=first.candidates.get(),
        met=[one.key for one in generation.CRITERIA],
        by=by,
    )
    runs.cancel(run=open_run(made), by=by)  # the line went on by itself
    made.refresh_from_db()
    return made
