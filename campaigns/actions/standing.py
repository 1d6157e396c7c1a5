"""Standing rules: a manager's yes given beforehand, within a sum a campaign and day.

The day's sum is held by one conditional UPDATE with a CHECK behind it, so that runs that start
at once cannot pass it together.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import budgets, events
from campaigns.models import Approval, Campaign, RuleDay, StageRun, StandingRule, Team
from campaigns.models.choices import Tier
from campaigns.queries import access
from campaigns.transitions import NotNow


class BadRule(ValueError):
    """A rule cannot be written; `field` is tier, day, campaign, person, or "" for all."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(text)
        self.text = text
        self.field = field


def add(
    *,
    team: Team,
    tier: str,
    day_micros: int,
    by: User,
    campaign: Campaign | None = None,
    person: User | None = None,
) -> StandingRule:
    """Let runs up to `tier` start unasked within `day_micros` a campaign and day.

    Raises NotAllowed, BadRule.
    """
    permissions.check_can_set_budget(access.roles(by, team))
    if tier not in Tier.values:
        raise BadRule("Choose low, medium or high.", "tier")
    if type(day_micros) is not int or day_micros <= 0:
        raise BadRule("Enter an amount above 0.", "day")
    if day_micros >= budgets.MOST:
        raise BadRule(budgets.TOO_MUCH, "day")
    if campaign is not None and campaign.team_id != team.pk:
        raise BadRule("Choose a campaign of this team.", "campaign")
    if person is not None and not access.roles(person, team):
        raise BadRule("Choose a person of this team.", "person")
    with transaction.atomic():
        # two clicks are one rule: side by side they would let through twice the amount
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        if _stands(team=team, tier=tier, day_micros=day_micros, campaign=campaign, person=person):
            raise BadRule("This very rule is in force already. Nothing was changed.", "")
        rule = StandingRule.objects.create(
            team=team,
            campaign=campaign,
            person=person,
            tier=tier,
            day_micros=day_micros,
            currency=team.currency,
            created_by=by,
        )
        events.record(
            team=team,
            verb="rule.add",
            subject="standing_rule",
            subject_id=rule.pk,
            by=by,
            after={
                "tier": tier,
                "day_micros": day_micros,
                "campaign": campaign.name if campaign else "",
                "person": person.get_username() if person else "",
            },
        )
    return rule


def _stands(**values: object) -> bool:
    return StandingRule.objects.filter(ended_at__isnull=True, **values).exists()


def end(*, rule: StandingRule, by: User) -> None:
    """Stop a rule; what it let through stays. Raises NotAllowed, NotNow."""
    permissions.check_can_set_budget(access.roles(by, rule.team))
    with transaction.atomic():
        ended = StandingRule.objects.filter(pk=rule.pk, ended_at__isnull=True).update(
            ended_at=timezone.now(), ended_by=by
        )
        if ended != 1:
            raise NotNow("This rule was ended already. Nothing was changed.")
        events.record(
            team=rule.team,
            verb="rule.end",
            subject="standing_rule",
            subject_id=rule.pk,
            by=by,
            before={"tier": rule.tier, "day_micros": rule.day_micros},
        )


def match(*, run: StageRun) -> RuleDay | None:
    """The day's sum of a rule that covers the run, with the run's maximum added to it; or None.

    Must run inside the transaction that holds the money: both happen or neither. A rule counts
    only while its author is a manager, and for the author's own runs only where the team lets
    managers approve their own.
    """
    order = list(Tier.values)
    covering = order[order.index(run.tier) :]
    team, campaign = run.team, run.asset.campaign
    rules = (
        StandingRule.objects.filter(team=team, ended_at__isnull=True, tier__in=covering)
        .filter(currency=run.currency)
        .filter(Q(campaign__isnull=True) | Q(campaign=campaign))
        .filter(Q(person__isnull=True) | Q(person=run.requested_by))
        .select_related("created_by")
        .order_by("pk")
    )
    for rule in rules:
        if not permissions.can_approve_spend(access.roles(rule.created_by, team)):
            continue
        if rule.created_by_id == run.requested_by_id and not team.self_approval_allowed:
            continue
        day = _day(rule, campaign)
        taken = RuleDay.objects.filter(
            pk=day.pk, used_micros__lte=F("limit_micros") - run.maximum_micros
        ).update(used_micros=F("used_micros") + run.maximum_micros)
        if taken == 1:
            return day
    return None


def _day(rule: StandingRule, campaign: Campaign) -> RuleDay:
    key = {"rule": rule, "campaign": campaign, "day": timezone.now().date()}
    found = RuleDay.objects.filter(**key).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return RuleDay.objects.create(**key, limit_micros=rule.day_micros)
    except IntegrityError:  # another run made it meanwhile
        return RuleDay.objects.get(**key)


def give_back(*, run: StageRun, micros: int) -> None:
    """Return to the rule's day what its approval covered and the bill did not need."""
    if micros <= 0:
        return
    day = Approval.objects.filter(run=run, rule_day__isnull=False).values("rule_day")
    RuleDay.objects.filter(pk__in=day).update(used_micros=F("used_micros") - micros)
