"""Model versions under watch: every judged batch is evidence, an alarm takes the version out.

A version is watched once it has enough picks to be known. Against the belief as it was then, each
batch says whether outputs are still kept as often. An alarm holds until a person trusts the version
as it is now, or keeps it out. Nothing here starts a run.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import events
from campaigns.models import GoldenPrompt, StageRun, Team, TeamBelief, VersionWatch
from campaigns.queries import access
from campaigns.transitions import NotNow
from routing import blob, drift, features, learning, predict
from routing.catalog import ModelCard
from routing.explain import percent
from routing.learning import Belief, Labels
from routing.need import Need
from routing.tasks import TaskView

TRUST, KEEP_OUT = "trust", "keep_out"
DECISIONS = (TRUST, KEEP_OUT)


def seen(
    *, run: StageRun, card: ModelCard, need: Need, labels: Labels, view: TaskView, belief: Belief
) -> VersionWatch | None:
    """One judged batch, with the belief as it was before it. In the caller's transaction.

    Returns the watch when this batch made it alarm, else None. `view` is what earlier rounds of
    the task said. While too little is known of the version nothing is watched.
    """
    version = features.version_of(card)
    row = (
        VersionWatch.objects.select_for_update()
        .filter(team_id=run.team_id, stage=run.stage, model=card.key, version=card.version)
        .first()
    )
    if row is None:
        known = sum(t.seen for (name, _), t in belief.tallies.items() if name == version)
        if known < drift.FEWEST:
            return None
        row = VersionWatch(
            team_id=run.team_id,
            stage=run.stage,
            model=card.key,
            version=card.version,
            label=card.label,
            baseline=blob.dumps(belief),
            trusted_at=timezone.now(),
        )
    base = _baseline(row)
    if base is None:  # another release wrote it: watched anew from here
        row.baseline, row.evidence, base = blob.dumps(belief), {}, belief
    guess = predict.predict(base, need, [card])
    judged = drift.predicted(float(guess.mean[0]), view, version, labels.good, labels.rejected)
    evidence = drift.stored_evidence(row.evidence).after(
        judged, drift.dead_zone(float(guess.sd[0]))
    )
    row.evidence = evidence.as_json()
    is_new = evidence.is_alarm and row.alarmed_at is None
    if is_new:
        row.alarmed_at, row.text = timezone.now(), said(evidence)
    row.save()
    if is_new:
        events.record(
            team=run.team,
            verb="watch.alarm",
            subject="watch",
            subject_id=row.pk,
            asset_id=run.asset_id,
            by=None,
            after={"model": row.label, "version": row.version, "text": row.text},
        )
    return row if is_new else None


def take_out(
    *, team: Team, stage: str, model: str, version: str, label: str, text: str
) -> VersionWatch:
    """Something else than picks says that a version changed: it is out until a person decides.

    In the caller's transaction. One that is out already stays as it is.
    """
    row, _ = VersionWatch.objects.select_for_update().get_or_create(
        team=team,
        stage=stage,
        model=model,
        version=version,
        defaults={"label": label, "baseline": _today(team, stage), "trusted_at": timezone.now()},
    )
    if row.alarmed_at is None:
        row.alarmed_at, row.text = timezone.now(), text[:300]
        row.save(update_fields=["alarmed_at", "text"])
        events.record(
            team=team, verb="watch.alarm", subject="watch", subject_id=row.pk, by=None,
            after={"model": label, "version": version, "text": row.text},
        )  # fmt: skip
    return row


def said(evidence: drift.Evidence) -> str:
    """The change in words: "keeps fell from 71 % to 48 % of the last 40 outputs"."""
    was, now = evidence.share_expected or 0.0, evidence.share or 0.0
    moved = "fell" if now < was else "rose"
    return (
        f"keeps {moved} from {percent(was)} to {percent(now)} "
        f"of the last {evidence.window.labels} outputs"
    )


def _baseline(row: VersionWatch) -> Belief | None:
    try:
        return blob.loads(row.baseline)
    except blob.BadBlob:
        return None


def decide(*, watch: VersionWatch, decision: str, by: User) -> VersionWatch:
    """Trust a version as it is now, or keep it out until somebody does.

    Trusting takes the belief of today as the new measure, and the next golden checks. Raises
    NotAllowed; NotNow where the decision stands already or is unknown.
    """
    permissions.check_can_trust_models(access.roles(by, watch.team))
    if decision not in DECISIONS:
        raise NotNow("Choose to trust the model or to keep it out. Nothing was changed.")
    with transaction.atomic():
        row = VersionWatch.objects.select_for_update().get(pk=watch.pk)
        before = {"out": row.alarmed_at is not None, "kept_out": row.kept_out, "text": row.text}
        now = timezone.now()
        if decision == KEEP_OUT:
            if row.kept_out:
                raise NotNow(f"{row.label} is kept out already. Nothing was changed.")
            row.text = row.text or "taken out by hand"
            row.alarmed_at, row.kept_out = row.alarmed_at or now, True
        else:
            if row.alarmed_at is None:
                raise NotNow(f"{row.label} is trusted already. Nothing was changed.")
            row.baseline = _today(row.team, row.stage)
            row.evidence, row.text = {}, ""
            row.alarmed_at, row.kept_out, row.trusted_at = None, False, now
            GoldenPrompt.objects.filter(team=row.team, model=row.model, version=row.version).update(
                memory={}
            )
        row.decided_by, row.decided_at = by, now
        row.save()
        events.record(
            team=row.team,
            verb=f"watch.{decision}",
            subject="watch",
            subject_id=row.pk,
            by=by,
            before=before,
            after={"out": row.alarmed_at is not None, "model": row.label, "version": row.version},
        )
    return row


def _today(team: Team, stage: str) -> str:
    """The stage's belief as it is stored now."""
    found = TeamBelief.objects.filter(team=team, stage=stage).values_list("blob", flat=True).first()
    return found if found is not None else blob.dumps(learning.fresh(stage))
