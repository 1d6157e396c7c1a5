"""Golden prompts: what may become one, what a check costs and compares, and what follows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.actions import drift, golden, learning, reconcile, runs
from campaigns.models import (
    AdSet,
    Asset,
    Attempt,
    Candidate,
    CatalogModel,
    Event,
    GoldenCheck,
    GoldenPrompt,
    LedgerEntry,
    StageRun,
    Team,
    VersionWatch,
)
from campaigns.permissions import NotAllowed
from campaigns.queries import recent, review, shell
from campaigns.stages.base import BadParams
from campaigns.transitions import NotNow
from routing import golden as pure
from tests import factories
from tests.campaigns.scripted import Scripted

PRICE = 40_000


def answered(run: StageRun, *, outputs: int) -> list[Candidate]:
    """The run's outputs are there, as rows with one photograph for a picture; no engine runs."""
    now = timezone.now()
    marketer = run.team.memberships.filter(role="marketer").order_by("pk")[0].user
    photo = factories.photo(run.team, by=marketer)
    attempt = run.attempts.get()
    Attempt.objects.filter(pk=attempt.pk).update(
        state="settled", settled_micros=0, submitted_at=now, finished_at=now
    )
    StageRun.objects.filter(pk=run.pk).update(state="review", finished_at=now)
    return [
        Candidate.objects.create(
            team=run.team,
            asset=run.asset,
            run=run,
            attempt=attempt,
            position=place,
            seed=run.seed + place,
            media=photo,
            measured_at=now,
        )
        for place in range(outputs)
    ]


def kept_run(ad_set: AdSet, by: User) -> StageRun:
    """A judged run of which the first picture was kept."""
    run = factories.open_run(factories.asset(ad_set, by=by))
    first, *_ = answered(run, outputs=2)
    now = timezone.now()
    Candidate.objects.filter(run=run).update(verdict="rejected", judged_at=now)
    Candidate.objects.filter(pk=first.pk).update(verdict="kept")
    StageRun.objects.filter(pk=run.pk).update(state="done", judged_at=now, judged_by=by)
    run.refresh_from_db()
    return run


def prompt_of(run: StageRun, by: User, *, every: int = 0, cap: int = 0) -> GoldenPrompt:
    return golden.add(run=run, every_days=every, cap_micros=cap, by=by)


def checked(prompt: GoldenPrompt, by: User, token: str, *, real: bool = False) -> GoldenCheck:
    """One check, answered (by the embedded engine when it is `real`) and read."""
    check = golden.start(prompt=prompt, by=by, token=token)
    if real:
        factories.drain()
    else:
        answered(check.run, outputs=pure.OUTPUTS)
    golden.read(check_id=check.pk)
    check.refresh_from_db()
    return check


class TestAdd:
    def test_copies_the_brief_to_an_asset_on_no_board(
        self, ad_set: AdSet, mara: User, cleo: User, team: Team
    ) -> None:
        run = kept_run(ad_set, mara)
        before = shell.counts(team=team)
        prompt = prompt_of(run, cleo)
        assert (prompt.model, prompt.seed, prompt.params) == (run.model, run.seed, run.params)
        assert prompt.asset.headline == run.asset.headline
        assert prompt.asset.campaign.name == golden.CAMPAIGN
        assert (prompt.asset.is_golden, prompt.asset.archived_at is not None) == (True, True)
        assert shell.counts(team=team) == before
        assert Event.objects.filter(verb="golden.add", by=cleo).count() == 1

    def test_shares_one_campaign_with_its_own_budget(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = kept_run(ad_set, mara)
        one, other = prompt_of(run, cleo), prompt_of(run, cleo)
        assert one.asset.campaign == other.asset.campaign != ad_set.campaign
        assert one.asset.campaign.budget_lines.exists()

    def test_takes_only_kept_stills_of_generation(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = kept_run(ad_set, mara)
        Candidate.objects.filter(run=run).update(verdict="rejected")
        with pytest.raises(BadParams, match="of which a picture was kept"):
            prompt_of(run, cleo)
        with pytest.raises(BadParams, match="intervals"):
            prompt_of(run, cleo, every=3)
        with pytest.raises(BadParams, match="at most"):
            prompt_of(run, cleo, cap=-1)
        assert not Asset.objects.filter(is_golden=True).exists()

    def test_is_for_those_who_trust_models_and_run_work(
        self, ad_set: AdSet, mara: User, dana: User
    ) -> None:
        run = kept_run(ad_set, mara)
        for person in (mara, dana):
            with pytest.raises(NotAllowed):
                prompt_of(run, person)


class TestCheck:
    def test_gives_the_reference_then_the_same_again(
        self, ad_set: AdSet, mara: User, cleo: User, team: Team
    ) -> None:
        prompt = prompt_of(kept_run(ad_set, mara), cleo)
        outcomes = [checked(prompt, cleo, f"token-{at}", real=True).outcome for at in range(2)]
        assert outcomes == ["reference", "same"]
        prompt.refresh_from_db()
        memory = pure.stored_memory(prompt.memory)
        assert (memory.mode, memory.checks, len(memory.outputs)) == ("replay", 2, pure.OUTPUTS)
        assert recent.frozen(team.pk) == frozenset()

    def test_is_judged_by_nobody_and_teaches_nothing(
        self, ad_set: AdSet, mara: User, cleo: User, team: Team
    ) -> None:
        prompt = prompt_of(kept_run(ad_set, mara), cleo)
        check = golden.start(prompt=prompt, by=cleo, token="a")
        answered(check.run, outputs=pure.OUTPUTS)
        assert not review.waiting(team=team).filter(pk=check.run_id).exists()
        golden.read(check_id=check.pk)
        check.run.refresh_from_db()
        assert (check.run.state, check.run.judged_at) == ("done", None)
        assert check.run.learned_at is not None
        learned = learning.learn_stage(team_id=team.pk, stage="generation")
        assert learned == 1  # the kept run alone

    def test_alarms_when_the_same_seeds_give_another_picture(
        self, ad_set: AdSet, mara: User, cleo: User, team: Team
    ) -> None:
        prompt = prompt_of(kept_run(ad_set, mara), cleo)
        checked(prompt, cleo, "token-1")
        prompt.refresh_from_db()
        for output in prompt.memory["outputs"]:  # what was accepted was darker than what comes now
            output["numbers"][0] -= 10
        prompt.memory["mode"] = "replay"
        prompt.save()
        check = checked(prompt, cleo, "token-9")
        assert check.outcome == "alarm"
        watch = VersionWatch.objects.get(team=team)
        assert watch.text.startswith("golden prompt: the same seeds give another picture")
        assert recent.frozen(team.pk) == {f"{prompt.model}@{prompt.version}"}
        drift.decide(watch=watch, decision=drift.TRUST, by=cleo)
        assert recent.frozen(team.pk) == frozenset()
        prompt.refresh_from_db()
        assert prompt.memory == {}
        assert checked(prompt, cleo, "token-10").outcome == "reference"

    def test_the_same_click_is_one_check(self, ad_set: AdSet, mara: User, cleo: User) -> None:
        prompt = prompt_of(kept_run(ad_set, mara), cleo)
        one = golden.start(prompt=prompt, by=cleo, token="a")
        assert golden.start(prompt=prompt, by=cleo, token="a") == one
        with pytest.raises(NotNow, match="on its way"):
            golden.start(prompt=prompt, by=cleo, token="b")
        assert GoldenCheck.objects.count() == 1

    def test_is_read_once(self, ad_set: AdSet, mara: User, cleo: User) -> None:
        prompt = prompt_of(kept_run(ad_set, mara), cleo)
        check = checked(prompt, cleo, "a")
        golden.read(check_id=check.pk)
        prompt.refresh_from_db()
        assert pure.stored_memory(prompt.memory).checks == 1

    def test_that_failed_says_so_and_alarms_nobody(
        self, ad_set: AdSet, mara: User, cleo: User, team: Team
    ) -> None:
        prompt = prompt_of(kept_run(ad_set, mara), cleo)
        check = golden.start(prompt=prompt, by=cleo, token="a")
        StageRun.objects.filter(pk=check.run_id).update(state="failed", reason="No disk.")
        golden.read(check_id=check.pk)
        check.refresh_from_db()
        assert (check.outcome, check.text) == ("failed", "No disk.")
        assert not VersionWatch.objects.exists()

    def test_by_another_version_is_no_proof(
        self, ad_set: AdSet, mara: User, cleo: User, team: Team
    ) -> None:
        prompt = prompt_of(kept_run(ad_set, mara), cleo)
        CatalogModel.objects.filter(key=prompt.model).update(version="2")
        check = checked(prompt, cleo, "a")
        assert check.outcome == "failed"
        assert "version 2" in check.text
        assert recent.frozen(team.pk) == frozenset()

    def test_without_an_output_is_closed(self, ad_set: AdSet, mara: User, cleo: User) -> None:
        prompt = prompt_of(kept_run(ad_set, mara), cleo)
        check = golden.start(prompt=prompt, by=cleo, token="a")
        StageRun.objects.filter(pk=check.run_id).update(state="review")
        golden.read(check_id=check.pk)
        check.refresh_from_db()
        assert (check.outcome, check.text) == ("failed", "no output came")
        assert check.run.__class__.objects.get(pk=check.run_id).state == "done"

    def test_counts_in_no_figure_of_the_routes(
        self, ad_set: AdSet, mara: User, cleo: User, team: Team
    ) -> None:
        run = kept_run(ad_set, mara)
        before = recent.of_team(team.pk).runs
        checked(prompt_of(run, cleo), cleo, "a")
        assert recent.of_team(team.pk).runs == before
        assert before["generation"][run.model] == 1


class TestMoney:
    def test_stands_in_the_ledger_under_a_campaign_of_its_own(
        self, ad_set: AdSet, mara: User, cleo: User, hosted: Scripted, team: Team
    ) -> None:
        factories.fund(ad_set.campaign, low=100 * PRICE)
        run = kept_run(ad_set, mara)
        prompt = prompt_of(run, cleo, cap=pure.OUTPUTS * PRICE)
        factories.fund(prompt.asset.campaign, low=10 * PRICE)
        check = golden.start(prompt=prompt, by=cleo, token="a")
        held = LedgerEntry.objects.filter(attempt__run=check.run, kind="reserve")
        assert {entry.line.campaign for entry in held} >= {prompt.asset.campaign}
        assert ad_set.campaign not in {entry.line.campaign for entry in held}

    def test_above_the_cap_starts_nothing(
        self, ad_set: AdSet, mara: User, cleo: User, hosted: Scripted
    ) -> None:
        factories.fund(ad_set.campaign, low=100 * PRICE)
        prompt = prompt_of(kept_run(ad_set, mara), cleo, cap=pure.OUTPUTS * PRICE - 1)
        with pytest.raises(runs.PriceChanged):
            golden.start(prompt=prompt, by=cleo, token="a")
        assert not GoldenCheck.objects.exists()
        assert not StageRun.objects.filter(asset=prompt.asset).exists()

    def test_without_a_budget_asks_a_manager(
        self, ad_set: AdSet, mara: User, cleo: User, hosted: Scripted
    ) -> None:
        factories.fund(ad_set.campaign, low=100 * PRICE)
        prompt = prompt_of(kept_run(ad_set, mara), cleo, cap=pure.OUTPUTS * PRICE)
        check = golden.start(prompt=prompt, by=cleo, token="a")
        assert check.run.state == "waiting_approval"


class TestSchedule:
    def test_starts_what_is_due_once_and_sets_the_next_day(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        prompt = prompt_of(kept_run(ad_set, mara), cleo, every=7)
        now = timezone.now()
        reconcile.tick(now)
        reconcile.tick(now)
        assert GoldenCheck.objects.filter(prompt=prompt).count() == 1
        prompt.refresh_from_db()
        assert prompt.due_at is not None
        assert timedelta(days=6) < prompt.due_at - now < timedelta(days=8)

    def test_leaves_alone_what_only_a_click_starts_and_what_was_ended(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = kept_run(ad_set, mara)
        prompt_of(run, cleo)
        ended = prompt_of(run, cleo, every=7)
        golden.end(prompt=ended, by=cleo)
        reconcile.tick(timezone.now())
        assert not GoldenCheck.objects.exists()
        with pytest.raises(NotNow, match="was ended"):
            golden.start(prompt=GoldenPrompt.objects.get(pk=ended.pk), by=cleo, token="a")
        with pytest.raises(NotNow, match="ended already"):
            golden.end(prompt=ended, by=cleo)

    def test_shows_what_stands_in_the_way_and_tries_again_tomorrow(
        self, ad_set: AdSet, mara: User, cleo: User, team: Team
    ) -> None:
        prompt = prompt_of(kept_run(ad_set, mara), cleo, every=7)
        cleo.memberships.filter(team=team).delete()  # type: ignore[attr-defined]
        now = timezone.now()
        reconcile.tick(now)
        prompt.refresh_from_db()
        assert "You may not start work" in prompt.problem
        assert prompt.due_at == now + timedelta(days=1)
        assert not GoldenCheck.objects.exists()
