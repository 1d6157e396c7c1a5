"""The managers' inbox: what a card says, one decision a click, and words for everything else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from campaigns.actions import approvals as actions
from campaigns.actions import approving
from campaigns.models import AdSet, Approval, Attempt, Campaign, LedgerEntry, StageRun, Team
from campaigns.models.choices import Ceiling, Role
from campaigns.queries.approvals import MOST
from tests import factories
from tests.campaigns.at_once import at_once
from tests.campaigns.scripted import PRICE, Scripted, priced_type

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def asking(team: Team, mara: User, hosted: Scripted) -> AdSet:
    """An ad set of a funded campaign that asks before every run."""
    made = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE, name="Asking")
    factories.fund(made.campaign, low=20 * PRICE)
    return made


def ask(to: AdSet, by: User, title: str = "Pour-over", count: int = 2, batch: str = "") -> Approval:
    """A request for `count` candidates of PRICE each."""
    asset = factories.asset(to, by=by, title=title, count=count)
    Approval.objects.filter(run__asset=asset).update(batch=batch)
    return Approval.objects.get(run__asset=asset)


def address(name: str, of: Team | Approval) -> str:
    if isinstance(of, Team):
        return reverse(name, args=[of.slug])
    return reverse(name, args=[of.team.slug, of.pk])


def inbox(client: Client, team: Team, query: str = "") -> str:
    return client.get(address("approvals", team) + query).content.decode()


def state(approval: Approval) -> str:
    return str(Approval.objects.get(pk=approval.pk).state)


def post(client: Client, name: str, of: Team | Approval, **values: object) -> HttpResponse:
    return client.post(address(name, of), values, **JSON)


class TestCard:
    def test_says_what_for_who_asks_how_much_why_and_what_is_left_after(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara)
        client.force_login(dana)
        page = inbox(client, team)
        assert f'id="approval-{approval.pk}"' in page
        assert "This campaign asks before every run." in page
        assert "Mara, <time" in page
        assert "$0.08, expected and at most" in page
        assert "plus about $0.18 of people's time to look at 2" in page
        assert escape(approval.run.decision["sentence"]) in page
        assert "<strong>$0.72</strong> on Asking, low tier this month" in page
        assert "No other model can do this for less." in page
        assert "Expires <time" in page

    def test_names_the_next_cheaper_model_with_its_approval_rate(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        priced_type(
            key="thrifty", label="Thrifty type", price_micros=PRICE // 4, approval_prior=0.02
        )
        ask(asking, mara)
        client.force_login(dana)
        page = inbox(client, team)
        assert "Thrifty type: $0.02 at most, 2% of its outputs are kept (catalog figure" in page

    def test_requests_of_one_batch_are_one_card_with_their_sum(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        rows = [ask(asking, mara, f"Hero {number}", batch="locales") for number in range(3)]
        client.force_login(dana)
        page = inbox(client, team)
        assert page.count("<article") == 1
        assert "Hero 0 and 2 more" in page
        assert "<strong>$0.24</strong>" in page
        assert "Approve 3 · $0.24" in page
        for row in rows:
            assert f'<li class="ap-member" id="approval-{row.pk}"' in page

    def test_what_does_not_fit_says_how_much_is_left_and_cannot_be_clicked(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        factories.fund(asking.campaign, low=PRICE)
        ask(asking, mara)
        client.force_login(dana)
        page = inbox(client, team)
        assert "It does not fit: $0.04 is left on Asking, low tier this month" in page
        assert "data-yes disabled" in page
        assert "Open the budget" in page

    def test_ones_own_request_says_who_approves_it(
        self, client: Client, team: Team, asking: AdSet, dana: User
    ) -> None:
        both = factories.member(team, "Both", Role.MANAGER, Role.MARKETER)
        mine = ask(asking, both)
        client.force_login(both)
        page = inbox(client, team)
        assert "You asked for this yourself, so " in page
        assert "Dana" in page.split("You asked for this yourself")[1][:60]
        assert "data-yes" not in page
        assert "Decline" in page
        answer = post(client, "approval_decide", mine, decision="approve")
        assert (answer.status_code, state(mine)) == (403, "asked")
        Team.objects.update(self_approval_allowed=True)
        assert "data-yes" in inbox(client, team)

    def test_people_who_are_not_managers_see_what_waits_and_for_whom(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        ask(asking, mara)
        team.memberships.exclude(user=dana).filter(role=Role.MANAGER).delete()
        client.force_login(mara)
        page = inbox(client, team)
        assert "Waits for Dana." in page
        for word in ("data-decide", "data-pick", "data-less"):
            assert word not in page

    def test_titles_are_text(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        ask(asking, mara, "<img src=x onerror=alert(1)>")
        client.force_login(dana)
        assert "<img src=x" not in inbox(client, team)

    @pytest.mark.parametrize("rows", [1, 3])
    @pytest.mark.parametrize("batch", ["", "one"])
    def test_the_inbox_costs_the_same_queries_for_any_number_of_requests(
        self,
        client: Client,
        team: Team,
        mara: User,
        dana: User,
        asking: AdSet,
        rows: int,
        batch: str,
        django_assert_num_queries: Any,
    ) -> None:
        for number in range(rows):
            ask(asking, mara, f"Type {number}", batch=batch)
        client.force_login(dana)
        client.get(address("approvals", team))
        with django_assert_num_queries(14):
            client.get(address("approvals", team))


class TestDecide:
    def test_a_run_above_the_ceiling_waits_and_a_manager_lets_it_go(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara)
        assert approval.run.state == "waiting_approval"
        assert not LedgerEntry.objects.exists()
        client.force_login(dana)
        answer = post(client, "approval_decide", approval, decision="approve")
        assert answer.json() == {
            "text": "Approved: Pour-over is on its way.",
            "done": [approval.pk],
            "all_done": True,
        }
        assert StageRun.objects.get().state == "queued"
        assert LedgerEntry.objects.get().kind == "reserve"

    def test_without_a_script_it_goes_back_to_the_next_card(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        first, second = ask(asking, mara), ask(asking, mara, "Second")
        client.force_login(dana)
        assert f'name="next" value="approval-{second.pk}"' in inbox(client, team)
        values = {"decision": "approve", "next": f"approval-{second.pk}"}
        answer = client.post(address("approval_decide", first), values)
        assert answer["Location"] == f"{address('approvals', team)}#approval-{second.pk}"

    def test_from_another_page_it_goes_back_there(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara)
        client.force_login(dana)
        budget = "http://testserver" + address("budget", team)
        answer = client.post(
            address("approval_decide", approval), {"decision": "approve"}, HTTP_REFERER=budget
        )
        assert answer["Location"] == budget

    def test_what_does_not_fit_stays_open_until_the_budget_is_raised(
        self, client: Client, mara: User, dana: User, asking: AdSet
    ) -> None:
        factories.fund(asking.campaign, low=PRICE)
        approval = ask(asking, mara)
        client.force_login(dana)
        answer = post(client, "approval_decide", approval, decision="approve")
        assert (answer.status_code, state(approval)) == (409, "asked")
        assert "$0.04 is left on the low tier of Asking" in answer.json()["error"]
        factories.fund(asking.campaign, low=2 * PRICE)
        assert post(client, "approval_decide", approval, decision="approve").status_code == 200
        line = factories.tier_line(asking.campaign)
        assert (line.reserved_micros, line.settled_micros) == (2 * PRICE, 0)
        factories.drain()
        line.refresh_from_db()
        assert (line.reserved_micros, line.settled_micros) == (0, 2 * PRICE)

    @pytest.mark.parametrize(
        ("values", "kept"),
        [
            ({"reason": "Too early"}, "Too early"),
            ({"quick": "Not needed now"}, "Not needed now"),
            ({"quick": "Not needed now", "reason": "in May"}, "Not needed now: in May"),
        ],
    )
    def test_a_no_has_its_reason(
        self, client: Client, mara: User, dana: User, asking: AdSet, values: Any, kept: str
    ) -> None:
        approval = ask(asking, mara)
        client.force_login(dana)
        answer = post(client, "approval_decide", approval, decision="decline", **values)
        assert answer.json()["text"] == "Declined: Pour-over. No money was spent."
        run = StageRun.objects.get()
        assert (run.state, run.reason) == ("declined", kept)

    @pytest.mark.parametrize("reason", ["", "   ", "x" * 401])
    def test_a_no_without_a_usable_reason_is_told_so_at_the_field(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet, reason: str
    ) -> None:
        approval = ask(asking, mara)
        client.force_login(dana)
        values = {"decision": "decline", "reason": reason}
        answer = post(client, "approval_decide", approval, **values)
        assert (answer.status_code, answer.json()["field"]) == (422, "reason")
        page = client.post(
            address("approval_decide", approval),
            values,
            HTTP_REFERER="http://testserver" + address("approvals", team),
        )
        assert page.status_code == 422
        assert 'aria-invalid="true"' in page.content.decode()
        assert answer.json()["error"] in page.content.decode().replace("&#x27;", "'")
        assert state(approval) == "asked"

    @pytest.mark.parametrize("decision", ["", "maybe", "approve' --"])
    def test_anything_but_yes_or_no_changes_nothing(
        self, client: Client, mara: User, dana: User, asking: AdSet, decision: str
    ) -> None:
        approval = ask(asking, mara)
        client.force_login(dana)
        answer = post(client, "approval_decide", approval, decision=decision)
        assert answer.status_code == 422
        assert "Choose approve or decline" in answer.json()["error"]
        assert state(approval) == "asked"

    def test_a_second_click_is_told_who_was_first_and_starts_nothing_more(
        self, client: Client, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara)
        client.force_login(dana)
        post(client, "approval_decide", approval, decision="approve")
        again = post(client, "approval_decide", approval, decision="decline", reason="No")
        assert again.status_code == 409
        assert again.json()["error"].startswith("Already approved by Dana at ")
        assert Attempt.objects.count() == 1

    def test_an_archived_campaign_buys_nothing(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara)
        Campaign.objects.update(archived_at=timezone.now())
        client.force_login(dana)
        page = inbox(client, team)
        assert "Its campaign or asset is archived" in page
        assert "data-yes" not in page
        answer = post(client, "approval_decide", approval, decision="approve")
        assert (answer.status_code, state(approval)) == (409, "asked")
        assert "archived" in answer.json()["error"]

    def test_what_expired_cannot_be_approved(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara)
        Approval.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
        client.force_login(dana)
        assert "It has expired" in inbox(client, team)
        answer = post(client, "approval_decide", approval, decision="approve")
        assert (answer.status_code, state(approval)) == (409, "asked")


class TestSeveral:
    def test_each_stands_for_itself_and_the_answer_says_which(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        rows = [ask(asking, mara, f"Hero {number}") for number in range(3)]
        factories.fund(asking.campaign, low=5 * PRICE)
        client.force_login(dana)
        answer = post(
            client,
            "approvals_decide",
            team,
            decision="approve",
            approvals=[row.pk for row in rows],
        ).json()
        assert answer["done"] == [rows[0].pk, rows[1].pk]
        assert answer["all_done"] is False
        assert answer["text"].startswith("2 approved; Hero 2 was not: $0.04 is left on the low")
        assert [state(row) for row in rows] == ["approved", "approved", "asked"]

    def test_a_no_to_several_carries_one_reason(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        rows = [ask(asking, mara, f"Hero {number}") for number in range(2)]
        client.force_login(dana)
        values: dict[str, Any] = {"decision": "decline", "approvals": [row.pk for row in rows]}
        refused = post(client, "approvals_decide", team, **values)
        assert (refused.status_code, refused.json()["field"]) == (422, "reason")
        answer = post(client, "approvals_decide", team, **values, reason="Too early")
        assert answer.json()["text"] == "2 declined."
        assert set(StageRun.objects.values_list("reason", flat=True)) == {"Too early"}

    @pytest.mark.parametrize("given", [[], ["x"], ["-1"], ["9" * 40], ["1"] * (MOST + 1)])
    def test_numbers_that_are_none_change_nothing(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet, given: list[str]
    ) -> None:
        approval = ask(asking, mara)
        client.force_login(dana)
        for name in ("approvals_decide", "approvals_snooze", "approvals_wake"):
            answer = post(client, name, team, decision="approve", approvals=given)
            assert answer.status_code in {409, 422}, name
            assert "Tick " in answer.json()["error"], name
        assert state(approval) == "asked"

    def test_one_foreign_number_among_ours_finds_nothing(
        self, client: Client, team: Team, mara: User, dana: User, otto: User, asking: AdSet
    ) -> None:
        ours = ask(asking, mara)
        theirs = factories.ad_set(
            otto.memberships.order_by("pk")[0].team, by=otto, ceiling=Ceiling.NONE
        )
        foreign = ask(theirs, otto)
        client.force_login(dana)
        numbers = [ours.pk, foreign.pk]
        for name in ("approvals_decide", "approvals_snooze", "approvals_wake"):
            answer = post(client, name, team, decision="approve", approvals=numbers)
            assert answer.status_code == 404, name
        assert (state(ours), state(foreign)) == ("asked", "asked")
        assert not ours.snoozes.exists()


class TestLess:
    def test_shows_the_new_price_before_it_is_approved(
        self, client: Client, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara, count=4)
        client.force_login(dana)
        page = client.get(address("approval_less", approval), {"count": 1, "model": "hosted-type"})
        text = page.content.decode()
        assert '<strong class="ap-sum">$0.04</strong>' in text
        assert "$0.12 less" in text
        assert "<strong>$0.76</strong> on Asking, low tier this month" in text
        assert f'name="seen_micros" value="{PRICE}"' in text
        assert state(approval) == "asked"
        fragment = client.get(address("approval_less", approval), HTTP_X_SHEET="1").content.decode()
        assert "<html" not in fragment
        assert "Approve this instead · $0.08" in fragment

    def test_approves_what_was_seen(
        self, client: Client, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara, count=4)
        client.force_login(dana)
        values = {"count": 1, "model": "hosted-type", "seen_micros": PRICE}
        answer = post(client, "approval_less", approval, **values)
        assert answer.json()["text"] == (
            "Approved less: Pour-over, 1 with Hosted type for at most $0.04."
        )
        run = StageRun.objects.get()
        assert (run.state, run.candidate_count) == ("queued", 1)
        assert Attempt.objects.get().reserved_micros == PRICE

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"count": "0"}, "count"),
            ({"count": "999"}, "count"),
            ({"count": "-1"}, "count"),
            ({"count": "NaN"}, "count"),
            ({"count": ""}, "count"),
            ({"count": "1.5"}, "count"),
            ({"count": "4"}, "count"),
            ({"model": "local-upscale"}, "model"),
            ({"model": "nothing"}, "model"),
            ({"model": ""}, "model"),
            ({"seen_micros": ""}, "count"),
            ({"seen_micros": "-5"}, "seen_micros"),
        ],
    )
    def test_bad_wishes_are_told_at_their_field_and_change_nothing(
        self, client: Client, mara: User, dana: User, asking: AdSet, values: Any, field: str
    ) -> None:
        approval = ask(asking, mara, count=4)
        client.force_login(dana)
        sent = {"count": "1", "model": "hosted-type", "seen_micros": str(PRICE), **values}
        answer = post(client, "approval_less", approval, **sent)
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        page = client.post(address("approval_less", approval), sent)
        assert page.status_code == 422
        if field != "seen_micros":
            assert 'class="field-error"' in page.content.decode()
        assert state(approval) == "asked"
        assert not Attempt.objects.exists()

    def test_a_price_that_changed_is_looked_at_again(
        self, client: Client, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara, count=4)
        client.force_login(dana)
        values = {"count": 1, "model": "hosted-type", "seen_micros": PRICE - 1}
        answer = post(client, "approval_less", approval, **values)
        assert answer.status_code == 409
        assert "price changed" in answer.json()["error"]
        assert state(approval) == "asked"

    def test_of_a_decided_request_says_who_decided(
        self, client: Client, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara, count=4)
        actions.decide(approval=approval, approve=True, by=dana)
        client.force_login(dana)
        page = client.get(address("approval_less", approval)).content.decode()
        assert "Already approved by Dana" in page
        assert "Approve this instead" not in page

    def test_is_for_managers(self, client: Client, mara: User, asking: AdSet) -> None:
        approval = ask(asking, mara)
        client.force_login(mara)
        assert client.get(address("approval_less", approval)).status_code == 403


class TestSnooze:
    def test_puts_aside_for_this_manager_and_brings_back(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara)
        client.force_login(dana)
        answer = post(client, "approvals_snooze", team, approvals=[approval.pk])
        assert answer.json()["text"].startswith("Put aside for 4 hours: Pour-over.")
        page = inbox(client, team)
        assert "<article" not in page
        assert "comes back <time" in page
        client.force_login(factories.member(team, "Eve", Role.MANAGER))
        assert "<article" in inbox(client, team)
        client.force_login(dana)
        post(client, "approvals_wake", team, approvals=[approval.pk])
        assert "<article" in inbox(client, team)

    def test_what_was_put_aside_comes_back_by_itself(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara)
        actions.snooze(approval=approval, by=dana)
        approval.snoozes.update(until=timezone.now() - timedelta(seconds=1))
        client.force_login(dana)
        assert "<article" in inbox(client, team)

    def test_of_a_decided_request_says_so(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara)
        actions.decide(approval=approval, approve=True, by=dana)
        client.force_login(dana)
        answer = post(client, "approvals_snooze", team, approvals=[approval.pk])
        assert (answer.status_code, approval.snoozes.exists()) == (409, False)
        assert "Already approved by Dana" in answer.json()["error"]


class TestLink:
    def test_to_a_decided_request_says_who_decided_what(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara)
        client.force_login(dana)
        assert "nothing left to decide" not in inbox(client, team, f"?was={approval.pk}")
        actions.decide(approval=approval, approve=False, by=dana, reason="Too early")
        page = inbox(client, team, f"?was={approval.pk}")
        assert "“Pour-over” was declined by Dana" in page
        assert "“Too early”" in page

    def test_to_an_expired_one_says_that_nobody_decided(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara)
        approving.expire(now=approval.expires_at + timedelta(seconds=1))
        client.force_login(dana)
        page = inbox(client, team, f"?was={approval.pk}")
        assert "was not decided in time" in page
        assert "nobody decided in time" in page

    @pytest.mark.parametrize("was", ["x", "9" * 40, "-1", ""])
    def test_to_nothing_is_just_the_inbox(
        self, client: Client, team: Team, dana: User, was: str
    ) -> None:
        client.force_login(dana)
        assert "Nothing waits for approval" in inbox(client, team, f"?was={was}")


class TestLive:
    def test_answers_only_when_something_changed_and_brings_the_counts(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara)
        client.force_login(dana)
        first = client.get(address("approvals_live", team))
        assert 'data-live-for="count-approvals">1<' in first.content.decode()
        actions.decide(approval=approval, approve=True, by=dana)
        later = client.get(address("approvals_live", team), HTTP_X_VERSION=first["X-Version"])
        assert later.status_code == 200
        assert "<article" not in later.content.decode()
        assert 'data-live-for="count-approvals"><' in later.content.decode()


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_managers_make_one_decision_and_the_others_are_told(
        self, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        approval = ask(asking, mara, count=4)
        eve = factories.member(team, "Eve", Role.MANAGER)
        clients = [Client(), Client(), Client()]
        for client, person in zip(clients, (dana, eve, eve), strict=True):
            client.force_login(person)
        less = {"count": 1, "model": "hosted-type", "seen_micros": PRICE}
        answers = at_once(
            lambda: post(clients[0], "approval_decide", approval, decision="approve"),
            lambda: post(clients[1], "approval_less", approval, **less),
            lambda: post(clients[2], "approvals_decide", team, decision="decline",
                         reason="No", approvals=[approval.pk]),
        )  # fmt: skip
        won = 0
        for answer in answers:
            assert isinstance(answer, HttpResponse), answer
            said = answer.json()
            if answer.status_code == 200 and said["done"]:
                won += 1
            else:
                assert "Already " in (said.get("error") or said["text"])
        assert won == 1
        assert Attempt.objects.count() == (state(approval) == "approved")
