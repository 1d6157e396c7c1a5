"""The review screens as people meet them: queue, one batch, decisions with and without script."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.actions import curation
from campaigns.models import AdSet, StageRun, Team
from campaigns.models.choices import RunState, Verdict
from tests import factories

ALL = ["composition", "product", "light", "text", "brand"]
PASSED_BY = {"edit": {"operation": "pass"}, "polish": {"operation": "pass"}}
JSON = {"HTTP_ACCEPT": "application/json"}


def finished(ad_set: AdSet, mara: User, title: str = "Pour-over") -> StageRun:
    """A batch of two that waits; taking a photo over is quick."""
    base = factories.photo(ad_set.campaign.team, by=mara)
    asset = factories.asset(
        ad_set, by=mara, title=title, bases=(base,), as_is=True, wanted=PASSED_BY
    )
    factories.drain()
    run = factories.open_run(asset)
    twin = run.candidates.get()
    twin.pk, twin.position = None, 1
    twin.save(force_insert=True)
    return run


def at(name: str, of: Team, *args: int) -> str:
    return reverse(name, args=[of.slug, *args])


@pytest.fixture
def as_cleo(client: Client, cleo: User) -> Client:
    client.force_login(cleo)
    return client


class TestQueue:
    def test_costs_the_same_with_one_and_three(
        self,
        as_cleo: Client,
        ad_set: AdSet,
        team: Team,
        mara: User,
        django_assert_num_queries: Any,
    ) -> None:
        finished(ad_set, mara)
        as_cleo.get(at("review", team))
        with django_assert_num_queries(12):
            one = as_cleo.get(at("review", team))
        finished(ad_set, mara, "Second")
        finished(ad_set, mara, "Third")
        with django_assert_num_queries(12):
            three = as_cleo.get(at("review", team))
        assert "1 batch waits" in one.content.decode()
        text = three.content.decode()
        assert text.index("Pour-over") < text.index("Second") < text.index("Third")

    def test_empty_shows_the_next_step(self, as_cleo: Client, team: Team) -> None:
        text = as_cleo.get(at("review", team)).content.decode()
        assert "Nothing waits for a decision" in text
        assert at("brief", team) in text

    def test_next_leads_to_the_oldest_that_nobody_else_has(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        first, second = finished(ad_set, mara), finished(ad_set, mara, "Second")
        curation.open_batch(run=first, by=mara)
        answer = as_cleo.get(at("review", team) + "?next=1")
        assert answer.url == at("review_batch", team, second.pk)
        assert "Mara has it open" in as_cleo.get(at("review", team)).content.decode()

    def test_sums_the_sitting_up(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        run = finished(ad_set, mara)
        as_cleo.get(at("review_batch", team, run.pk))
        pick = run.candidates.first()
        as_cleo.post(at("review_approve", team, run.pk), {"candidate": pick.pk, "met": ALL})
        text = as_cleo.get(at("review", team)).content.decode()
        assert "2 → 1 kept" in text
        assert "nothing billed" in text

    def test_another_team_is_not_found(self, client: Client, team: Team, otto: User) -> None:
        client.force_login(otto)
        assert client.get(at("review", team)).status_code == 404


class TestBatch:
    def test_shows_candidates_gate_route_and_lineage(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        run = finished(ad_set, mara)
        text = as_cleo.get(at("review_batch", team, run.pk)).content.decode()
        for part in ("Approve 1", "Good enough?", "The call is yours", "Why this route", "Brief →"):
            assert part in text
        assert text.count('data-tile="') == 2
        assert "80 % needed" in text
        run.refresh_from_db()
        assert run.claimed_by is not None

    def test_is_sent_on_when_somebody_else_has_it(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        first, second = finished(ad_set, mara), finished(ad_set, mara, "Second")
        curation.open_batch(run=first, by=mara)
        answer = as_cleo.get(at("review_batch", team, first.pk), follow=True)
        assert answer.redirect_chain[-1][0] == at("review_batch", team, second.pk)
        assert "Mara has Pour-over open" in answer.content.decode()

    def test_leads_to_the_files_when_it_is_about_files(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        curation.approve(run=run, candidate=run.candidates.first(), met=ALL, by=cleo)
        check = factories.open_run(run.asset)
        answer = as_cleo.get(at("review_batch", team, check.pk))
        assert answer.url == at("qa", team, run.asset_id)
        assert not curation.open_batch(run=check, by=mara)

    def test_media_buyers_look_but_do_not_claim(
        self, client: Client, ad_set: AdSet, team: Team, mara: User, ben: User
    ) -> None:
        run = finished(ad_set, mara)
        client.force_login(ben)
        text = client.get(at("review_batch", team, run.pk)).content.decode()
        assert "data-approve>" not in text
        run.refresh_from_db()
        assert run.claimed_by is None

    def test_another_team_is_not_found(
        self, client: Client, ad_set: AdSet, team: Team, mara: User, otto: User
    ) -> None:
        run = finished(ad_set, mara)
        client.force_login(otto)
        assert client.get(at("review_batch", team, run.pk)).status_code == 404
        assert client.post(at("review_approve", team, run.pk)).status_code == 404

    def test_hides_model_names_when_asked(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        run = finished(ad_set, mara)
        as_cleo.cookies["hide_models"] = "1"
        text = as_cleo.get(at("review_batch", team, run.pk)).content.decode()
        assert "a hidden model" in text
        assert 'data-blind="1"' in text


class TestLive:
    def test_is_quiet_until_something_changes(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        address = at("review_live", team, run.pk)
        first = as_cleo.get(address)
        version = first.headers["X-Version"]
        assert as_cleo.get(address, headers={"X-Version": version}).status_code == 204
        curation.judge(
            candidate=run.candidates.first(), verdict=Verdict.REJECTED, by=cleo, defect="hands"
        )
        text = as_cleo.get(address, headers={"X-Version": version}).content.decode()
        assert "Hands</span>" in text

    def test_tells_that_somebody_else_decided(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        run = finished(ad_set, mara)
        curation.approve(run=run, candidate=run.candidates.first(), met=ALL, by=mara)
        assert "Mara decided" in as_cleo.get(at("review_live", team, run.pk)).content.decode()


class TestDecisions:
    def test_a_form_rejects_and_comes_back(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        run = finished(ad_set, mara)
        one = run.candidates.first()
        answer = as_cleo.post(
            at("review_judge", team, run.pk),
            {"candidate": one.pk, "verdict": "rejected", "defect": "shadows"},
        )
        assert answer.url == at("review_batch", team, run.pk)
        one.refresh_from_db()
        assert (one.verdict, one.defect) == ("rejected", "shadows")

    def test_a_note_changes_no_verdict(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        run = finished(ad_set, mara)
        one = run.candidates.first()
        address = at("review_judge", team, run.pk)
        as_cleo.post(address, {"candidate": one.pk, "verdict": "rejected", "defect": "text"})
        as_cleo.post(address, {"candidate": one.pk, "comment": "letters swim"})
        one.refresh_from_db()
        assert (one.verdict, one.defect, one.comment) == ("rejected", "text", "letters swim")

    def test_an_unknown_defect_is_refused_in_words(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        run = finished(ad_set, mara)
        answer = as_cleo.post(
            at("review_judge", team, run.pk),
            {"candidate": run.candidates.first().pk, "verdict": "rejected", "defect": "ghost"},
            **JSON,
        )
        assert answer.status_code == 422
        assert answer.json()["field"] == "defect"

    def test_a_candidate_of_another_batch_is_not_found(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        run, other = finished(ad_set, mara), finished(ad_set, mara, "Second")
        sent = {"candidate": other.candidates.first().pk, "met": ALL}
        assert as_cleo.post(at("review_approve", team, run.pk), sent).status_code == 404
        run.refresh_from_db()
        assert run.state == RunState.REVIEW

    def test_approving_goes_on_with_the_next_and_offers_undo(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        run = finished(ad_set, mara)
        sent = {"candidate": run.candidates.first().pk, "met": ALL}
        told = as_cleo.post(at("review_approve", team, run.pk), sent, **JSON).json()
        assert told["url"].endswith("?next=1")
        assert told["undo_url"] == at("review_undo", team, run.pk)
        again = as_cleo.post(at("review_approve", team, run.pk), sent, **JSON)
        assert again.status_code == 409
        assert "already by Cleo" in again.json()["error"]
        undone = as_cleo.post(told["undo_url"], **JSON).json()
        assert undone["url"] == at("review_batch", team, run.pk)
        run.refresh_from_db()
        assert run.state == RunState.REVIEW

    def test_too_few_ticks_are_named(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        run = finished(ad_set, mara)
        sent = {"candidate": run.candidates.first().pk, "met": ALL[:2]}
        answer = as_cleo.post(at("review_approve", team, run.pk), sent, **JSON)
        assert answer.status_code == 422
        assert "40 %" in answer.json()["error"]

    def test_nothing_picked_says_so(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        run = finished(ad_set, mara)
        answer = as_cleo.post(at("review_approve", team, run.pk), {"met": ALL}, **JSON)
        assert answer.status_code == 422
        assert "Pick a candidate first" in answer.json()["error"]

    def test_rejecting_all_ends_the_batch(
        self, as_cleo: Client, ad_set: AdSet, team: Team, mara: User
    ) -> None:
        run = finished(ad_set, mara)
        as_cleo.post(at("review_reject", team, run.pk))
        assert set(run.candidates.values_list("verdict", flat=True)) == {"rejected"}

    def test_media_buyers_may_not(
        self, client: Client, ad_set: AdSet, team: Team, mara: User, ben: User
    ) -> None:
        run = finished(ad_set, mara)
        client.force_login(ben)
        sent = {"candidate": run.candidates.first().pk, "met": ALL}
        assert client.post(at("review_approve", team, run.pk), sent, **JSON).status_code == 403
