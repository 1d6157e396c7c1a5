"""Plays a fault through the real actions and adapters, and says what became of money and work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from django.utils import timezone

from campaigns import jobs
from campaigns.actions import patience, reconcile, runs
from campaigns.models import AdSet, Asset, Attempt, CatalogModel, Quarantine, StageRun
from campaigns.models.choices import ATTEMPT_DRIVEN, ATTEMPT_OPEN, RUN_WORKING, AttemptState
from tests import factories
from tests.stand_in import StandIn, fal, replicate
from tests.stand_in.server import ACCOUNT

ROUNDS = 16
OLDER_AFTER = 6
OLDER_BY = timedelta(minutes=20)
MODELS = {"fal": "flux-dev", "replicate": "sdxl", "google": "nano-banana",
          "comfyui": "sdxl-comfyui"}  # fmt: skip
FUNDED = 50_000_000
ALSO_AT = {"no_type": "job"}  # where a second fault happens, if not at the submit


Message = tuple[str, dict[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """A fault of a vendor at a step. `times` 99 is for ever. `then`: what people or messages do
    meanwhile: "cancel", "hook", "replay" (the same message again when all is over), "late" (only
    then), "cancel_late", "first" (before the submission is answered). `also`: a second fault, of
    the submit unless ALSO_AT knows."""

    vendor: str
    step: str
    fault: str
    value: Any = None
    times: int = 1
    then: str = ""
    also: str = ""

    def __str__(self) -> str:
        parts = (self.vendor, self.step, self.fault, "ever" if self.times == 99 else "",
                 self.then, self.also)  # fmt: skip
        return "-".join(one for one in parts if one)


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended. Money in micro-dollars: `billed` by the vendor, `booked` and `held` by us.
    `aside` counts the unusable files that were kept."""

    attempts: str
    run: str
    outputs: int
    posts: int
    jobs: int
    billed: int
    booked: int
    held: int
    aside: int
    text: str


def play(
    case: Case,
    *,
    vendor: StandIn,
    ad_set: AdSet,
    by: User,
    woken: list[tuple[str, int]],
    client: Client,
    door: str = "",
) -> Ended:
    """Start a run of two candidates under a fault and do what workers and scheduler would do.
    `door` is where messages are taken; without one they are brought by hand."""
    vendor.webhook_to = door or vendor.base  # where nobody listens
    sent: list[Message] = []

    def meanwhile(run: StageRun) -> None:
        if case.then.startswith("cancel"):
            cancel(run)
            vendor.delay_s = 0
        elif case.then in ("hook", "replay"):
            sent.extend(messages(case.vendor, vendor))
            bring(sent, client)

    asset = begin(case.vendor, ad_set=ad_set, by=by, fault=lambda: _arm(case, vendor))
    run = factories.open_run(asset)
    work_off(run, woken, meanwhile=meanwhile)
    got = ended(case.vendor, vendor, run)
    if case.then in ("replay", "late", "cancel_late"):
        bring(sent or messages(case.vendor, vendor), client)
        work_off(run, woken)
        assert ended(case.vendor, vendor, run) == got, "a message changed what was over"
    return got


def _arm(case: Case, vendor: StandIn) -> None:
    if case.also:
        vendor.fault(case.vendor, ALSO_AT.get(case.also, "submit"), case.also)
    if "cancel" in (case.fault.partition("_")[0], case.step):
        vendor.delay_s = 3600  # it goes on until after the cancel
    if case.fault:
        vendor.fault(case.vendor, case.step, case.fault, case.value, times=case.times)


def begin(
    vendor: str, *, ad_set: AdSet, by: User, fault: Callable[[], None], count: int = 2
) -> Asset:
    """An asset whose Generation run goes to the one priced model of a vendor."""
    factories.fund(ad_set.campaign, low=FUNDED, medium=FUNDED, high=FUNDED)
    key = MODELS[vendor]
    operation = "compose" if vendor == "google" else "compose_type"
    rows = CatalogModel.objects.all()
    rows.filter(pk__in=[one.pk for one in rows if operation in one.operations]).update(
        is_enabled=False
    )
    row = rows.get(key=key)
    row.is_enabled, row.tier = True, "low"
    row.profile = {name: value for name, value in row.profile.items() if name != "max_size"}
    row.save()
    fault()
    bases = (factories.photo(ad_set.campaign.team, by=by),) if vendor == "google" else ()
    return factories.asset(ad_set, by=by, bases=bases, count=count)


def work_off(
    run: StageRun,
    woken: list[tuple[str, int]],
    *,
    meanwhile: Callable[[StageRun], None] | None = None,
) -> None:
    """Rounds of scheduler and workers. Waiting times are passed over; later rounds are later."""
    mine = Attempt.objects.filter(run=run)
    for number in range(ROUNDS):
        run.refresh_from_db()
        if run.state not in RUN_WORKING and not mine.filter(state__in=ATTEMPT_OPEN).exists():
            return
        now = timezone.now()
        if number >= OLDER_AFTER:
            for name in ("sent_at", "submitted_at", "created_at"):
                mine.update(**{name: F(name) - OLDER_BY})
            for one in mine.filter(details__has_key=patience.SINCE):
                since = float(one.details[patience.SINCE]) - OLDER_BY.total_seconds()
                details = {**one.details, patience.SINCE: str(since)}
                mine.filter(pk=one.pk).update(details=details)
        mine.filter(state__in=ATTEMPT_DRIVEN).update(due_at=now)
        mine.filter(state=AttemptState.UNKNOWN, search_at__isnull=False).update(search_at=now)
        reconcile.tick(timezone.now())
        while woken:
            name, pk = woken.pop(0)
            if name in ("submit", "poll", "search", "fetch", "stop", "measure"):
                getattr(jobs, name)(pk)
        if number == 1 and meanwhile is not None:
            meanwhile(run)


def messages(name: str, vendor: StandIn) -> list[Message]:
    """The vendor's message about each of its jobs, as its faults want it: path, headers, body."""
    make = fal.message if name == "fal" else replicate.message
    found = []
    for job in vendor.state.of(name):
        moved = vendor.job(name, job.id)
        assert moved is not None
        account = "somebody-else" if moved.has("hook_foreign") else ACCOUNT
        for _ in range(2 if moved.has("hook_twice") else 1):
            found.append((urlsplit(moved.webhook).path, *make(vendor, moved, account)))
    return found


def bring(sent: list[Message], client: Client) -> None:
    """Bring messages to our door."""
    for path, headers, body in sent:
        client.post(path, body, content_type="application/json", headers=headers)


def cancel(run: StageRun) -> None:
    """A person stops the run while it is under way."""
    run.refresh_from_db()
    if run.state in RUN_WORKING:
        runs.cancel(run=run, by=run.requested_by)


def ended(name: str, vendor: StandIn, run: StageRun) -> Ended:
    """What there is to see now."""
    run.refresh_from_db()
    lines = [factories.tier_line(run.asset.campaign, tier) for tier in ("low", "medium", "high")]
    return Ended(
        attempts=" ".join(run.attempts.order_by("pk").values_list("state", flat=True)),
        run=run.state,
        outputs=run.candidates.count(),
        posts=len(vendor.posts(name)),
        jobs=len(vendor.charges(name)),
        billed=vendor.billed_micros(name),
        booked=sum(line.settled_micros for line in lines),
        held=sum(line.reserved_micros for line in lines),
        aside=Quarantine.objects.filter(attempt__run=run).count(),
        text=run.reason
        or " ".join(run.attempts.exclude(error="").values_list("error", flat=True)[:1]),
    )
