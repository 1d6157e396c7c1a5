"""Standing rules on the budget page: written and ended by managers, read by everybody."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.actions import standing
from campaigns.models import AdSet, RuleDay, StandingRule, Team
from tests import factories

DOLLAR = 1_000_000


@pytest.fixture
def url(team: Team) -> str:
    """Where rules are added."""
    return reverse("budget_rules", args=[team.slug])


class TestAdd:
    def test_a_manager_adds_one_that_reads_as_a_sentence(
        self, client: Client, team: Team, dana: User, url: str
    ) -> None:
        client.force_login(dana)
        sent = {"tier": "medium", "day": "20", "campaign": "", "person": ""}
        page = client.post(url, sent, follow=True).content.decode()
        assert "Medium and below, up to $20.00 per campaign and day, everybody" in page
        assert "not used today" in page

    def test_one_for_a_person_in_a_campaign(
        self, client: Client, ad_set: AdSet, mara: User, dana: User, url: str
    ) -> None:
        client.force_login(dana)
        sent = {"tier": "low", "day": "5.5", "campaign": ad_set.campaign_id, "person": mara.pk}
        page = client.post(url, sent, follow=True).content.decode()
        assert "Low, up to $5.50 a day in Spring, Mara" in page
        rule = StandingRule.objects.get()
        assert (rule.day_micros, rule.campaign, rule.person) == (5_500_000, ad_set.campaign, mara)

    @pytest.mark.parametrize(
        ("field", "written", "says"),
        [
            ("day", "0", "Amount a day must be above 0"),
            ("day", "-3", "Amount a day cannot be negative"),
            ("day", "NaN", "Amount a day is not an amount"),
            ("day", "0.001", "Amount a day has more than two decimals"),
            ("day", "12 EUR", "Amount a day is kept in USD"),
            ("day", "1000000000000", "Amount a day is too large"),
            ("day", "", "Amount a day is missing"),
            ("tier", "huge", "Tier is not known. Choose low, medium or high."),
            ("campaign", "999999", "Campaign is not one of this team. Choose another."),
            ("person", "999999", "this person is not in the team. Choose another."),
        ],
    )
    def test_what_makes_no_sense_is_refused_at_its_field(
        self, client: Client, dana: User, url: str, field: str, written: str, says: str
    ) -> None:
        client.force_login(dana)
        answer = client.post(url, {"tier": "low", "day": "5", field: written})
        assert answer.status_code == 422
        form = answer.context["rule_form"]
        assert list(form.errors) == [field]
        assert says in form.errors[field][0]
        assert not StandingRule.objects.exists()

    def test_people_and_campaigns_of_another_team_are_not_known(
        self, client: Client, dana: User, otto: User, url: str
    ) -> None:
        theirs = factories.ad_set(otto.memberships.order_by("pk")[0].team, by=otto)
        client.force_login(dana)
        sent = {"tier": "low", "day": "5", "campaign": theirs.campaign_id, "person": otto.pk}
        answer = client.post(url, sent)
        assert set(answer.context["rule_form"].errors) == {"campaign", "person"}

    def test_a_double_click_is_one_rule(
        self, client: Client, team: Team, dana: User, url: str
    ) -> None:
        client.force_login(dana)
        first, second = (client.post(url, {"tier": "low", "day": "5"}) for _ in range(2))
        assert (first.status_code, second.status_code) == (302, 422)
        assert "in force already" in second.content.decode()
        assert StandingRule.objects.count() == 1

    def test_a_marketer_may_not(self, client: Client, mara: User, url: str) -> None:
        client.force_login(mara)
        client.post(url, {"tier": "high", "day": "500"})
        assert not StandingRule.objects.exists()


class TestList:
    def test_everybody_reads_what_is_used_today(
        self, client: Client, team: Team, ad_set: AdSet, mara: User, dana: User
    ) -> None:
        rule = standing.add(team=team, tier="low", day_micros=20 * DOLLAR, by=dana)
        RuleDay.objects.create(
            rule=rule, campaign=ad_set.campaign, day=timezone.now().date(),
            limit_micros=20 * DOLLAR, used_micros=4_200_000,
        )  # fmt: skip
        client.force_login(mara)
        page = client.get(reverse("budget", args=[team.slug])).content.decode()
        assert "used today: $4.20 of $20.00 in Spring" in page
        assert "End the rule" not in page
        assert "Add rule" not in page

    def test_says_that_a_rule_rests_when_its_author_is_no_manager(
        self, client: Client, team: Team, mara: User, dana: User
    ) -> None:
        standing.add(team=team, tier="low", day_micros=DOLLAR, by=dana)
        dana.memberships.all().delete()
        client.force_login(mara)
        page = client.get(reverse("budget", args=[team.slug])).content.decode()
        assert "who is no manager now, so it rests" in page


class TestEnd:
    def test_ends_once_and_may_be_written_anew(
        self, client: Client, team: Team, dana: User
    ) -> None:
        rule = standing.add(team=team, tier="low", day_micros=DOLLAR, by=dana)
        url = reverse("budget_rule_end", args=[team.slug, rule.pk])
        client.force_login(dana)
        assert "Such runs ask again" in client.post(url, follow=True).content.decode()
        assert "was ended already" in client.post(url, follow=True).content.decode()
        standing.add(team=team, tier="low", day_micros=DOLLAR, by=dana)
        assert StandingRule.objects.filter(ended_at__isnull=True).count() == 1
