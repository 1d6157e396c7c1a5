"""The asset page about money: what a click would ask for, and estimate against bill afterwards."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns import jobs
from campaigns.actions import runs, spending, standing
from campaigns.models import AdSet, Asset, Attempt, BudgetLine, CatalogModel, StageRun
from campaigns.models.choices import Ceiling, RunState
from routing.providers.base import Usage
from tests import factories
from tests.campaigns.scripted import PRICE, Scripted

USD = 1_000_000
TYPE = "compose_type"


@pytest.fixture
def as_mara(client: Client, mara: User) -> Client:
    client.force_login(mara)
    return client


@pytest.fixture
def idle(ad_set: AdSet, mara: User, hosted: Scripted) -> Asset:
    """An asset on which nothing goes on; the only model is of the medium tier."""
    CatalogModel.objects.filter(key="hosted-type").update(tier="medium", price_micros=600_000)
    factories.fund(ad_set.campaign, medium=5 * USD)
    asset = factories.asset(ad_set, by=mara)
    runs.cancel(run=factories.open_run(asset), by=mara)
    return asset


def offered(client: Client, asset: Asset) -> str:
    """The form of the operation on the page, spaces made one."""
    address = reverse("asset", args=[asset.team.slug, asset.pk])
    page = client.get(address).content.decode()
    return " ".join(page.split(f'id="op-{TYPE}"')[1].split("</details>")[0].split())


def quoted(client: Client, asset: Asset, **values: object) -> dict[str, object]:
    address = reverse("asset_run", args=[asset.team.slug, asset.pk])
    found: dict[str, object] = client.get(
        address, {"operation": TYPE, **values}, HTTP_ACCEPT="application/json"
    ).json()
    return found


class TestBefore:
    def test_a_run_above_the_ceiling_says_that_it_asks_and_what_is_left(
        self, as_mara: Client, idle: Asset
    ) -> None:
        BudgetLine.objects.filter(campaign=idle.campaign, tier="medium").update(
            reserved_micros=3_800_000
        )
        text = offered(as_mara, idle)
        assert "This asks a manager first: medium tier, $1.20 of $5.00 left this month." in text
        assert "Medium tier is above this campaign&#x27;s ceiling (low)." in text
        assert "Ask a manager" in text

    def test_a_run_that_does_not_fit_says_that_it_asks(self, as_mara: Client, idle: Asset) -> None:
        idle.campaign.ceiling = Ceiling.HIGH
        idle.campaign.save(update_fields=["ceiling"])
        assert "Starts at once: medium tier, $5.00 of $5.00 left" in offered(as_mara, idle)
        asks = str(quoted(as_mara, idle, count=9)["must_ask"])
        assert "$5.00 is left" in asks
        assert "this needs $5.40" in asks
        run = runs.start(asset=idle, operation=TYPE, by=idle.created_by, token="nine", count=9)
        assert run.state == RunState.WAITING_APPROVAL

    def test_a_frozen_tier_says_so(self, as_mara: Client, idle: Asset) -> None:
        idle.campaign.ceiling = Ceiling.HIGH
        idle.campaign.save(update_fields=["ceiling"])
        BudgetLine.objects.filter(campaign=idle.campaign, tier="medium").update(
            frozen_at=idle.created_at
        )
        assert "is frozen" in offered(as_mara, idle)

    @pytest.mark.parametrize(
        ("tier", "day", "person", "starts"),
        [
            ("medium", 2 * USD, None, True),
            ("high", 2 * USD, "mara", True),
            ("low", 2 * USD, None, False),
            ("medium", USD, None, False),
            ("medium", 2 * USD, "cleo", False),
        ],
    )
    def test_says_what_the_standing_rules_will_do(
        self,
        as_mara: Client,
        idle: Asset,
        mara: User,
        cleo: User,
        dana: User,
        tier: str,
        day: int,
        person: str | None,
        starts: bool,
    ) -> None:
        who = {"mara": mara, "cleo": cleo, None: None}[person]
        standing.add(team=idle.team, tier=tier, day_micros=day, person=who, by=dana)
        quote = quoted(as_mara, idle)
        assert (quote["has_yes"], quote["must_ask"] == "") == (starts, starts)
        if starts:
            assert "A standing rule lets this start without asking" in offered(as_mara, idle)
        run = runs.start(asset=idle, operation=TYPE, by=mara, token="a")
        assert (run.state == RunState.QUEUED) == starts

    def test_a_rule_that_is_used_up_today_asks(
        self, as_mara: Client, idle: Asset, mara: User, dana: User
    ) -> None:
        standing.add(team=idle.team, tier="medium", day_micros=2 * USD, by=dana)
        other = factories.asset(idle.ad_set, by=mara, title="Other")
        assert factories.open_run(other).state == RunState.QUEUED
        assert quoted(as_mara, idle)["has_yes"] is False

    def test_a_rule_of_nobody_who_manages_rests(
        self, as_mara: Client, idle: Asset, dana: User
    ) -> None:
        standing.add(team=idle.team, tier="medium", day_micros=2 * USD, by=dana)
        dana.memberships.all().delete()
        assert quoted(as_mara, idle)["has_yes"] is False


class TestAfter:
    @pytest.fixture
    def sent(self, ad_set: AdSet, mara: User, hosted: Scripted) -> Attempt:
        """Two outputs at $0.04 each, on their way."""
        factories.fund(ad_set.campaign, low=10 * PRICE)
        return factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()

    def said(self, client: Client, attempt: Attempt) -> str:
        run = StageRun.objects.get(pk=attempt.run_id)
        page = client.get(reverse("asset", args=[run.team.slug, run.asset_id])).content.decode()
        article = page.split(f'id="run-{run.pk}"')[1].split("</article>")[0]
        return " ".join(article.split())

    def make(self, attempt: Attempt) -> None:
        jobs.submit(attempt.pk)
        jobs.fetch(attempt.pk)

    @pytest.mark.parametrize(
        ("makes", "usage", "says"),
        [
            ([0, 1], None, "Estimated and billed $0.08, by the size and length of what came."),
            (
                [0],
                None,
                "Estimated $0.08, billed $0.04: 1 of 2 came. That is $0.04 less than estimated.",
            ),
            (
                [0, 1],
                Usage(cost_micros=100_000),
                "Estimated $0.08, billed $0.10: as the provider says. "
                "That is $0.02 more than estimated.",
            ),
        ],
    )
    def test_says_what_was_billed_by_what_and_the_difference(
        self,
        as_mara: Client,
        sent: Attempt,
        hosted: Scripted,
        makes: list[int | BaseException],
        usage: Usage | None,
        says: str,
    ) -> None:
        hosted.makes, hosted.usage = makes, usage
        self.make(sent)
        assert self.said(as_mara, sent).count(says) == 2, "beside the run and in its attempts"

    def test_says_that_nothing_was_billed(self, as_mara: Client, sent: Attempt) -> None:
        runs.fail(attempt_id=sent.pk, text="It broke.")
        assert "$0.08 was estimated and nothing was billed." in self.said(as_mara, sent)

    def test_says_what_was_corrected_since(
        self, as_mara: Client, sent: Attempt, dana: User
    ) -> None:
        self.make(sent)
        sent.refresh_from_db()
        spending.correct(attempt=sent, amount_micros=-PRICE, note="Invoice", token="t", by=dana)
        assert "billed $0.08, by the size and length of what came. Corrected since to $0.04." in (
            self.said(as_mara, sent)
        )

    def test_waits_for_the_bill_while_it_works(self, as_mara: Client, sent: Attempt) -> None:
        text = self.said(as_mara, sent)
        assert "not known yet" in text
        assert 'run-bill"' not in text

    def test_is_quiet_about_work_that_costs_nothing(
        self, as_mara: Client, ad_set: AdSet, mara: User
    ) -> None:
        attempt = factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()
        factories.drain()
        text = self.said(as_mara, attempt)
        assert "Nothing was estimated and nothing was billed." in text
        assert "note run-bill" not in text
