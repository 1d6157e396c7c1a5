"""What no form lets through, sent past the forms: by a worker, a script or a shell.

What people type is in the tests of the screens.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse

from campaigns.actions import approvals, approving, budgets, spending, standing
from campaigns.models import AdSet, Approval, Attempt, BudgetLine, Campaign, LedgerEntry, StageRun
from campaigns.models.choices import Ceiling
from tests import factories
from tests.campaigns import money

NO_AMOUNTS = [1.5, float("nan"), float("inf"), Decimal("0.5"), "1", True, None, 10**30]


@pytest.fixture
def attempt(ad_set: AdSet, mara: User) -> Attempt:
    """Of a run that needs no yes; its line has room for 1000."""
    factories.fund(ad_set.campaign, low=1000)
    return money.hold_nothing(ad_set, by=mara, maximum=10)


class TestAHold:
    @pytest.mark.parametrize("amount", [*NO_AMOUNTS, -1])
    def test_of_no_amount_is_refused_and_changes_nothing(
        self, attempt: Attempt, ad_set: AdSet, mara: User, amount: Any
    ) -> None:
        with pytest.raises(ValueError, match=r"whole number of micro-units|never negative"):
            spending.reserve(attempt=attempt, amount_micros=amount, by=mara)
        assert money.sums(ad_set.campaign) == (0, 0)
        assert not LedgerEntry.objects.exists()

    @pytest.mark.parametrize("amount", [10**12, 10**18])
    def test_of_far_too_much_is_not_covered(
        self, attempt: Attempt, ad_set: AdSet, mara: User, amount: int
    ) -> None:
        with pytest.raises(spending.NotCovered, match=r"^\$0\.001 is left on the low tier"):
            spending.reserve(attempt=attempt, amount_micros=amount, by=mara)
        assert money.sums(ad_set.campaign) == (0, 0)

    def test_in_another_currency_is_not_covered(
        self, attempt: Attempt, ad_set: AdSet, mara: User
    ) -> None:
        StageRun.objects.update(currency="EUR")
        with pytest.raises(spending.NotCovered) as refused:
            spending.reserve(attempt=attempt, amount_micros=10, by=mara)
        assert refused.value.text == (
            "This work is priced in EUR and the budget of Spring is kept in USD this month. "
            "Cancel it and start it again. No money was spent."
        )
        assert money.sums(ad_set.campaign) == (0, 0)

    def test_in_another_currency_is_let_through_by_no_rule(
        self, ad_set: AdSet, mara: User, dana: User
    ) -> None:
        Campaign.objects.update(ceiling=Ceiling.NONE)
        factories.fund(ad_set.campaign, low=1000)
        standing.add(team=ad_set.campaign.team, tier="low", day_micros=500, by=dana)
        run = money.unsaved(ad_set, by=mara, maximum=10)
        run.currency = "EUR"
        assert standing.match(run=run) is None
        run.currency = "USD"
        assert standing.match(run=run) is not None


class TestABill:
    @pytest.mark.parametrize("amount", [*NO_AMOUNTS, -1])
    def test_of_no_amount_is_refused_and_keeps_the_hold(
        self, attempt: Attempt, ad_set: AdSet, mara: User, amount: Any
    ) -> None:
        spending.reserve(attempt=attempt, amount_micros=10, by=mara)
        with pytest.raises(ValueError, match=r"whole number of micro-units|never negative"):
            spending.settle(attempt=attempt, billed_micros=amount)
        assert money.sums(ad_set.campaign) == (10, 0)

    @pytest.mark.parametrize("amount", NO_AMOUNTS)
    def test_is_not_corrected_by_no_amount(
        self, attempt: Attempt, ad_set: AdSet, mara: User, dana: User, amount: Any
    ) -> None:
        spending.reserve(attempt=attempt, amount_micros=10, by=mara)
        spending.settle(attempt=attempt, billed_micros=10)
        with pytest.raises(spending.BadCorrection) as refused:
            spending.correct(attempt=attempt, amount_micros=amount, note="n", token="t", by=dana)
        assert refused.value.field == "amount"
        assert money.sums(ad_set.campaign) == (0, 10)


class TestABudget:
    @pytest.mark.parametrize("field", ["total", "low", "medium", "high", "ask_above"])
    @pytest.mark.parametrize("amount", [1.5, float("nan"), "1", 10**12 * money.USD])
    def test_of_no_amount_names_the_field_and_changes_nothing(
        self, ad_set: AdSet, dana: User, field: str, amount: Any
    ) -> None:
        tiers = dict.fromkeys(("low", "medium", "high"), 0)
        given: dict[str, Any] = {"total_micros": 0, "tiers": tiers, "ask_above_micros": None}
        if field in tiers:
            given["tiers"] = {**tiers, field: amount}
        else:
            given[f"{field}_micros"] = amount
        before = list(BudgetLine.objects.order_by("pk").values())
        with pytest.raises(budgets.BadBudget, match="Enter an amount") as refused:
            budgets.set_campaign(campaign=ad_set.campaign, by=dana, **given)
        assert refused.value.field == field
        assert list(BudgetLine.objects.order_by("pk").values()) == before

    @pytest.mark.parametrize("amount", [1.5, float("nan"), "1", 10**12 * money.USD])
    def test_of_a_month_or_a_rule_neither(self, ad_set: AdSet, dana: User, amount: Any) -> None:
        team = ad_set.campaign.team
        with pytest.raises(budgets.BadBudget, match="Enter an amount") as month:
            budgets.set_team_month(team=team, limit_micros=amount, by=dana)
        with pytest.raises(standing.BadRule, match="Enter an amount") as rule:
            standing.add(team=team, tier="low", day_micros=amount, by=dana)
        assert (month.value.field, rule.value.field) == ("month", "day")


class TestACampaignThatIsGone:
    """One that money or a question leads to can only be archived."""

    @pytest.fixture
    def asked(self, ad_set: AdSet, mara: User) -> Approval:
        Campaign.objects.update(ceiling=Ceiling.NONE)
        factories.fund(ad_set.campaign, low=1000)
        return money.start(ad_set, by=mara, maximum=80).approval

    def test_cannot_be_deleted(self, asked: Approval) -> None:
        with pytest.raises(ProtectedError):
            asked.campaign.delete()
        with pytest.raises(ProtectedError):
            asked.run.asset.delete()
        assert Approval.objects.get().state == "asked"

    def test_its_question_that_a_shell_deleted_is_not_found(
        self, client: Client, asked: Approval, dana: User
    ) -> None:
        address = reverse("approval_decide", args=[asked.team.slug, asked.pk])
        Approval.objects.all().delete()
        client.force_login(dana)
        assert client.post(address, {"decision": "approve"}).status_code == 404
        many = reverse("approvals_decide", args=[asked.team.slug])
        sent = {"decision": "approve", "approvals": str(asked.pk)}
        assert client.post(many, sent).status_code == 404
        assert money.sums(asked.campaign) == (0, 0)

    def test_and_its_run_still_may_not_spend(self, asked: Approval, mara: User) -> None:
        run = asked.run
        Approval.objects.all().delete()
        attempt = money.another(StageRun.objects.get(pk=run.pk))
        with pytest.raises(approving.NotApproved, match="A manager has to approve it first"):
            spending.reserve(attempt=attempt, amount_micros=80, by=mara)

    @pytest.mark.parametrize("what", ["campaign", "asset"])
    def test_archived_is_said_and_buys_nothing(
        self, asked: Approval, dana: User, what: str
    ) -> None:
        gone: Callable[[], Any] = {
            "campaign": lambda: asked.campaign,
            "asset": lambda: asked.run.asset,
        }[what]
        row = gone()
        row.archived_at = asked.asked_at
        row.save(update_fields=["archived_at"])
        with pytest.raises(approvals.NotNow, match=r"archived.*Decline it.*Nothing was changed"):
            approvals.decide(approval=asked, approve=True, by=dana)
        assert money.sums(asked.campaign) == (0, 0)
        approvals.decide(approval=asked, approve=False, by=dana, reason="It is over.")
        assert Approval.objects.get().state == "declined"
