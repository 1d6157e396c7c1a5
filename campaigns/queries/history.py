"""The audit trail as sentences, of one asset or of a team. Reads rows, writes none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from campaigns.models import Asset, CatalogModel, Event, Team
from campaigns.models.choices import Defect, Stage, Tier
from campaigns.queries.lineage import operation_label
from routing import money

MOST = 80


@dataclass(frozen=True, slots=True)
class Happening:
    """One event: who (or the machine), what in words, when, and to which asset if to one."""

    who: str
    text: str
    at: datetime
    asset_id: int | None


def _started(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    work = operation_label(str(after.get("operation", ""))).lower()
    begun = "asked for" if after.get("state") == "waiting_approval" else "started"
    consent = after.get("consent") or {}
    whose = (
        f" and the face of {consent.get('person')}, consent until {consent.get('until')}"
        if consent
        else ""
    )
    return f"{begun} “{work}” with {after.get('model_label') or after.get('model')}{whose}"


def _finished(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    count = int(after.get("candidates", 0) or 0)
    if not count:
        return "finished the platform files"
    return f"finished with {count} {'candidate' if count == 1 else 'candidates'}"


def _failed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return f"failed: {after.get('reason', '')}"


def _fell_back(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    reason = str(before.get("reason", "")).rstrip(".")
    return f"went on with {after.get('model', 'another model')}: {reason}"


def _judged(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    defect = str(after.get("defect", ""))
    match str(after.get("verdict", "")):
        case "rejected":
            named = Defect(defect).label.lower() if defect in Defect.values else ""
            return f"rejected a candidate{': ' + named if named else ''}"
        case "spare":
            return "set a candidate aside"
        case _:
            return "noted something about a candidate, or took it back"


def _passed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return f"approved a candidate at {after.get('percent', 0)} %"


def _stage(values: Mapping[str, Any]) -> str:
    key = str(values.get("stage", ""))
    return Stage(key).label if key in Stage.values else "its stage"


def _asked(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    amount = money.text(int(after.get("amount_micros", 0) or 0))
    return f"asked a manager for {amount} on the {after.get('tier', '')} tier"


def _amount(values: Mapping[str, Any], key: str = "amount_micros") -> str:
    micros = values.get(key)
    return "no limit" if micros is None else money.text(int(micros))


def _less(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    count, model = after.get("candidate_count", 0), after.get("model_label") or after.get("model")
    return (
        f"approved less than was asked: {count} instead of {before.get('candidate_count', 0)} with "
        f"{model}, at most {_amount(after)} instead of {_amount(before)}"
    )


def _set(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """A campaign's whole budget; rows from before it had a total name one tier."""
    if "total" not in after:
        return "set a tier's budget"
    tiers = ", ".join(f"{tier} {_amount(after, tier)}" for tier in Tier.values if tier in after)
    changed = "" if before.get("total") == after["total"] else f" (was {_amount(before, 'total')})"
    return f"set a campaign's budget to {_amount(after, 'total')} a month{changed}: {tiers}"


def _month(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if after.get("approved_micros") is None:
        return "took the limit of the team's month away"
    return (
        f"limited the team's month to {_amount(after, 'approved_micros')} "
        f"(was {_amount(before, 'approved_micros')})"
    )


def _corrected(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return (
        f"corrected a bill from {_amount(before, 'settled_micros')} to "
        f"{_amount(after, 'settled_micros')}: {after.get('note', '')}"
    )


def _was_billed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return (
        f"settled a call without an answer at {_amount(after, 'settled_micros')} of "
        f"{_amount(before, 'held_micros')} held: {after.get('reason', '')}"
    )


def _rule(values: Mapping[str, Any]) -> str:
    return f"{values.get('tier', '')} tier up to {_amount(values, 'day_micros')} a campaign and day"


def _watched(values: Mapping[str, Any]) -> str:
    return f"{values.get('model', 'a model')} {values.get('version', '')}".strip()


def _rule_added(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    scope = [f"in {after['campaign']}" if after.get("campaign") else "in every campaign"]
    scope += [f"for {after['person']}"] if after.get("person") else []
    return f"lets {_rule(after)} run without asking, {' '.join(scope)}"


Words = Callable[[Mapping[str, Any], Mapping[str, Any]], str]
WORDS: dict[str, Words | str] = {
    "attempt.billed": _was_billed,
    "attempt.found": lambda before, after: (
        f"found a lost call at the provider, so it goes on: {after.get('reason', '')}"
    ),
    "attempt.unbilled": lambda before, after: (
        f"gave {_amount(before, 'held_micros')} back, held for a call without an answer that was "
        f"not billed: {after.get('reason', '')}"
    ),
    "brief.create": "wrote the brief",
    "run.start": _started,
    "run.finish": _finished,
    "run.fail": _failed,
    "run.fallback": _fell_back,
    "run.cancel": "cancelled the run",
    "run.undo": "stopped the work that had followed",
    "run.reject_all": "rejected the whole batch",
    "candidate.judge": _judged,
    "candidate.undo": "took a judgment back",
    "gate.pass": _passed,
    "gate.undo": "opened a decided batch again",
    "stage.skip": lambda before, after: f"went on from {_stage(before)}",
    "stage.back": lambda before, after: f"moved it back to {_stage(after)}",
    "asset.ready": "it is ready",
    "asset.archive": "archived it",
    "approval.ask": _asked,
    "approval.withdraw": "took the request for spend back",
    "approval.approve": "approved the spend",
    "approval.decline": "declined the spend",
    "approval.less": _less,
    "approval.rule": lambda before, after: f"{_amount(after)} was approved by a standing rule",
    "approval.expire": lambda before, after: (
        f"the request for {_amount(after)} expired, because nobody decided about it in time"
    ),
    "crop.mark": "marked logos on a crop",
    "crop.move": "moved a crop",
    "file.mend": "had a file mended",
    "file.waive": "let a failing check pass",
    "files.approve": "approved the platform files",
    "gate.reopen": "opened QA again, because a file changed",
    "ad_set.create": lambda before, after: f"added the ad set {after.get('name', '')}",
    "budget.alert": lambda before, after: (
        f"{after.get('percent', 0)} % of the budget of {after.get('line', '')} is used"
    ),
    "budget.correct": _corrected,
    "budget.freeze": "froze a tier",
    "budget.above_hold": "was billed more than was held; the budget had room",
    "approval.snooze": "put a request aside",
    "approval.wake": "brought a request back",
    "budget.overrun": "was billed more than was held, so a tier is frozen",
    "budget.month": _month,
    "budget.set": _set,
    "budget.thaw": "opened a tier again",
    "campaign.archive": "archived a campaign",
    "campaign.brand": "changed the campaign's brand",
    "campaign.ceiling": "changed what runs without asking",
    "campaign.create": lambda before, after: f"set up the campaign {after.get('name', '')}",
    "campaign.restore": "opened a campaign again",
    "consent.record": lambda before, after: (
        f"recorded the consent of {after.get('person', 'a person')} until "
        f"{after.get('until', '')}: {after.get('covers', '')}"
    ),
    "consent.revoke": lambda before, after: (
        f"revoked the consent of {before.get('person', 'a person')}: {after.get('reason', '')}"
    ),
    "export.ready": "finished a package",
    "export.request": "asked for a package",
    "media.declare": "said how a photo was made",
    "media.upload": "uploaded a file",
    "model.change": "changed a model",
    "spec.copy": "copied a platform's limits",
    "spec.use": "put a platform's limits in force",
    "spec.put_back": "went back to the limits that come along",
    "people.invite": lambda before, after: f"invited {after.get('email', 'somebody')}",
    "people.join": "joined the team",
    "people.roles": "changed roles",
    "watch.alarm": lambda before, after: f"took {_watched(after)} out: {after.get('text', '')}",
    "watch.trust": lambda before, after: f"trusted {_watched(after)} as it is now",
    "watch.keep_out": lambda before, after: f"kept {_watched(after)} out",
    "golden.add": lambda before, after: f"made a golden prompt for {after.get('model', 'a model')}",
    "golden.end": lambda before, after: f"ended a golden prompt of {after.get('model', 'a model')}",
    "rule.add": _rule_added,
    "rule.end": lambda before, after: f"ended the standing rule: {_rule(before)}",
    "team.change": "changed the team's settings",
    "team.create": "made the team",
}


def words(event: Event, labels: Mapping[str, str]) -> str:
    """What happened, in words that follow a name."""
    known = WORDS.get(event.verb)
    if known is None:
        return event.verb.replace(".", " ").replace("_", " ")
    return (
        known
        if isinstance(known, str)
        else known(
            event.before, {**event.after, "model_label": labels.get(event.after.get("model", ""))}
        )
    )


def of_asset(*, asset: Asset, labels: Mapping[str, str]) -> list[Happening]:
    """What happened to an asset, newest first. `labels` names its models by key."""
    return told(Event.objects.filter(asset_id=asset.pk), labels)


def of_team(*, team: Team) -> list[Happening]:
    """What happened in the team, newest first."""
    labels = dict(CatalogModel.objects.values_list("key", "label"))
    return told(Event.objects.filter(team=team), labels)


def told(
    events: QuerySet[Event], labels: Mapping[str, str], *, most: int = MOST
) -> list[Happening]:
    """The newest of `events` as sentences. `labels` names models by key."""
    rows = events.select_related("by").order_by("-pk")[:most]
    return [
        Happening(
            (row.by.get_full_name() or row.by.get_username()) if row.by else "Switchyard",
            words(row, labels),
            row.at,
            row.asset_id,
        )
        for row in rows
    ]
