"""Golden prompts: a kept run sent again on a schedule or by a click, within a cap and a budget.

A check is a run like any other: it goes through the spend gate and its money stands in the ledger,
under a campaign of its own. Nobody judges its outputs and nothing is learned from them; they are
compared with what was accepted, and a change takes the version out until a person decides.
"""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta

import numpy as np
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns import dispatch, permissions
from campaigns.actions import drift, events, runs, setting_up, stored
from campaigns.actions.approving import NotApproved
from campaigns.actions.spending import NotCovered
from campaigns.models import (
    AdSet,
    Asset,
    AssetBase,
    Campaign,
    Candidate,
    GoldenCheck,
    GoldenPrompt,
    StageRun,
    Team,
)
from campaigns.models.choices import RUN_OPEN, Ceiling, FileKind, RunState, Stage
from campaigns.queries import access
from campaigns.stages import readings
from campaigns.stages.base import BadParams
from campaigns.transitions import NotNow
from imaging import fingerprint
from routing import golden
from routing.golden import Memory, Output, Verdict

log = logging.getLogger(__name__)

CAMPAIGN = "Golden prompts"
REASON = "Golden prompt: always this version"
EVERY = (0, 7, 14, 28)
AT_ONCE = 50
FAILED = "failed"
STANDS_IN_THE_WAY = (
    NotNow,
    NotApproved,
    NotCovered,
    permissions.NotAllowed,
    runs.NoModel,
    runs.PriceChanged,
    BadParams,
)


def add(*, run: StageRun, every_days: int, cap_micros: int, by: User) -> GoldenPrompt:
    """Watch the version that made a kept picture with the request that made it.

    Raises NotAllowed; BadParams where the run was not kept, made no still, or starts from another
    picture than the photos of its brief.
    """
    roles = access.roles(by, run.team)
    permissions.check_can_trust_models(roles)
    permissions.check_can_run(roles)
    if every_days not in EVERY:
        raise BadParams("every", "Choose one of the intervals in the list.")
    if cap_micros < 0:
        raise BadParams("cap", "Write what one check may cost at most, such as 0.50, or 0.")
    kept = run.candidates.filter(verdict="kept", media__kind=FileKind.STILL).exists()
    if run.stage != Stage.GENERATION or run.state != RunState.DONE or not kept:
        raise BadParams("run", "Choose a run of Generation of which a picture was kept.")
    attempt = run.attempts.order_by("-number")[0]
    with transaction.atomic():
        asset = _copy(run, by)
        prompt = GoldenPrompt.objects.create(
            team=run.team,
            asset=asset,
            reference=run,
            stage=run.stage,
            operation=run.operation,
            model=run.model,
            version=attempt.model_version,
            label=run.model_label,
            params=run.params,
            seed=run.seed,
            every_days=every_days,
            cap_micros=cap_micros,
            due_at=timezone.now() if every_days else None,
            created_by=by,
        )
        events.record(
            team=run.team, verb="golden.add", subject="golden", subject_id=prompt.pk, by=by,
            asset_id=asset.pk, after={"model": prompt.label, "cap_micros": cap_micros},
        )  # fmt: skip
    return prompt


def _copy(run: StageRun, by: User) -> Asset:
    """An asset with the same brief that stands on no board."""
    old, ad_set = run.asset, _ad_set(run.team, by)
    asset = Asset.objects.create(
        team=run.team,
        ad_set=ad_set,
        campaign=ad_set.campaign,
        title=f"Golden: {old.title}"[:120],
        product=old.product,
        goal=old.goal,
        headline=old.headline,
        subline=old.subline,
        cta=old.cta,
        purpose=old.purpose,
        locale=old.locale,
        platforms=old.platforms,
        demands=old.demands,
        candidate_count=golden.OUTPUTS,
        token=secrets.token_hex(16),
        is_golden=True,
        archived_at=timezone.now(),
        created_by=by,
    )
    AssetBase.objects.bulk_create(
        AssetBase(asset=asset, media_id=base.media_id, position=base.position)
        for base in old.bases.order_by("position")
    )
    return asset


def _ad_set(team: Team, by: User) -> AdSet:
    """The ad set that bears golden prompts; its campaign has budget lines of its own."""
    found = (
        AdSet.objects.filter(
            campaign__team=team, campaign__archived_at__isnull=True, assets__is_golden=True
        )
        .select_related("campaign")
        .order_by("pk")
        .first()
    )
    if found is not None:
        return found
    campaign: Campaign = setting_up.new_campaign(
        team=team,
        name=CAMPAIGN,
        ceiling=Ceiling.LOW,
        default_locale="en-US",
        ad_sets=["Checks"],
        by=by,
    )
    return campaign.ad_sets.get()


def start(*, prompt: GoldenPrompt, by: User, token: str) -> GoldenCheck:
    """Run one check: the same request, the same seeds, this version only.

    The same token gives the same check. Raises NotAllowed, NotNow, NoModel, PriceChanged (it would
    cost more than the cap).
    """
    permissions.check_can_run(access.roles(by, prompt.team))
    if prompt.ended_at is not None:
        raise NotNow("This golden prompt was ended. Nothing was started.")
    earlier = GoldenCheck.objects.filter(prompt=prompt, run__token=token).first()
    if earlier is not None:
        return earlier
    if StageRun.objects.filter(asset=prompt.asset, state__in=RUN_OPEN).exists():
        raise NotNow("A check of this prompt is on its way. Wait for it. Nothing was started.")
    with transaction.atomic():
        run = runs.start(
            asset=prompt.asset,
            operation=prompt.operation,
            by=by,
            token=token,
            given=_given(prompt),
            count=golden.OUTPUTS,
            seed=prompt.seed,
            model=prompt.model,
            reason=REASON,
            seen_micros=prompt.cap_micros,
        )
        check = GoldenCheck.objects.create(prompt=prompt, run=run)
        GoldenPrompt.objects.filter(pk=prompt.pk).update(due_at=_next(prompt), problem="")
    return check


def _given(prompt: GoldenPrompt) -> dict[str, object]:
    return {name: value for name, value in prompt.params.items() if value not in (None, "")}


def _next(prompt: GoldenPrompt) -> datetime | None:
    return timezone.now() + timedelta(days=prompt.every_days) if prompt.every_days else None


def read(*, check_id: int) -> None:
    """Compare the outputs of a check, once, and take the version out when they changed."""
    check = GoldenCheck.objects.select_related("prompt__team", "run").filter(pk=check_id).first()
    if check is None or check.read_at is not None:
        return
    run = check.run
    if run.state in (RunState.FAILED, RunState.CANCELLED, RunState.DECLINED):
        _close(check, Verdict(FAILED, run.reason[:300] or "it did not run"), None)
        return
    if run.state != RunState.REVIEW:
        return
    outputs = _outputs(run)
    with transaction.atomic():
        prompt = GoldenPrompt.objects.select_for_update().get(pk=check.prompt_id)
        if not GoldenCheck.objects.filter(pk=check.pk, read_at__isnull=True).exists():
            return  # another worker was faster
        ran = run.attempts.order_by("-number")[0].model_version
        if ran != prompt.version:
            text = f"the catalog names version {ran} by now: make a golden prompt for that one"
            _close(check, Verdict(FAILED, text), None)
            return
        memory, verdict = golden.check(golden.stored_memory(prompt.memory), outputs)
        _close(check, verdict, memory)
        if verdict.is_alarm:
            drift.take_out(
                team=prompt.team,
                stage=prompt.stage,
                model=prompt.model,
                version=prompt.version,
                label=prompt.label,
                text=f"golden prompt: {verdict.text}",
            )


def _outputs(run: StageRun) -> list[Output]:
    found = []
    with stored.scratch() as folder:
        # a provider may have made more than was asked for, of seeds that nothing was accepted for
        asked = Candidate.objects.filter(run=run, position__lt=run.candidate_count)
        for candidate in asked.select_related("media").order_by("seed"):
            path = stored.local_copy(
                media=candidate.media, folder=folder, name=f"output-{candidate.pk}"
            )
            rgb = np.asarray(readings.pixels(path))
            found.append(
                Output(
                    fingerprint.perceptual_hash(rgb),
                    tuple(fingerprint.numbers(rgb).tolist()),
                    candidate.seed,
                )
            )
    return found


def _close(check: GoldenCheck, verdict: Verdict, memory: Memory | None) -> None:
    """Note the outcome and end the run: nobody judges it, nothing is learned from it."""
    now = timezone.now()
    with transaction.atomic():
        if (
            GoldenCheck.objects.filter(pk=check.pk, read_at__isnull=True).update(
                outcome=verdict.outcome,
                text=verdict.text[:300],
                distance=verdict.distance,
                z=verdict.z,
                cusum=memory.cusum if memory and verdict.z is not None else None,
                read_at=now,
            )
            != 1
        ):
            return
        StageRun.objects.filter(pk=check.run_id, state=RunState.REVIEW).update(
            state=RunState.DONE, learned_at=now
        )
        if memory is not None:
            GoldenPrompt.objects.filter(pk=check.prompt_id).update(memory=memory.as_json())


def end(*, prompt: GoldenPrompt, by: User) -> None:
    """No further checks; what was seen stays. Raises NotAllowed, NotNow."""
    permissions.check_can_trust_models(access.roles(by, prompt.team))
    with transaction.atomic():
        ended = GoldenPrompt.objects.filter(pk=prompt.pk, ended_at__isnull=True).update(
            ended_at=timezone.now(), due_at=None
        )
        if ended != 1:
            raise NotNow("This golden prompt was ended already. Nothing was changed.")
        events.record(
            team=prompt.team, verb="golden.end", subject="golden", subject_id=prompt.pk, by=by,
            asset_id=prompt.asset_id, after={"model": prompt.label},
        )  # fmt: skip


def wake(*, now: datetime) -> int:
    """Wake a worker for checks whose outputs are there, and start those that are due."""
    arrived = GoldenCheck.objects.filter(
        read_at__isnull=True,
        run__state__in=[RunState.REVIEW, RunState.FAILED, RunState.CANCELLED, RunState.DECLINED],
    ).order_by("pk")
    sent = sum(
        dispatch.now("read_golden", pk, 0) for pk in arrived.values_list("pk", flat=True)[:AT_ONCE]
    )
    due = GoldenPrompt.objects.filter(ended_at__isnull=True, due_at__lte=now).select_related(
        "team", "asset", "created_by"
    )
    for prompt in due.order_by("due_at", "pk")[:AT_ONCE]:
        sent += _start_due(prompt, now)
    return sent


def _start_due(prompt: GoldenPrompt, now: datetime) -> int:
    """One scheduled check, in the name of whoever set it up; what stands in its way is shown."""
    token = f"golden-{prompt.pk}-{prompt.due_at:%Y%m%d%H%M%S}"
    try:
        start(prompt=prompt, by=prompt.created_by, token=token)
    except STANDS_IN_THE_WAY as error:
        text = getattr(error, "text", "") or str(error)
        GoldenPrompt.objects.filter(pk=prompt.pk).update(
            problem=text[:300], due_at=now + timedelta(days=1)
        )
        return 0
    return 1
