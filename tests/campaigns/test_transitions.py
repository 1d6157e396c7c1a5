"""Every pair of states, walked through the real actions; the table and the code must agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from campaigns import transitions
from campaigns.actions import (
    approvals,
    approving,
    curation,
    exports,
    fetching,
    runs,
    sending,
    stopping,
)
from campaigns.models import AdSet, Approval, Attempt, Export, StageRun, Team
from campaigns.models.choices import (
    ATTEMPT_DRIVEN,
    ATTEMPT_OPEN,
    RUN_OPEN,
    ApprovalState,
    AttemptState,
    Ceiling,
    ExportState,
    RunState,
)
from campaigns.transitions import APPROVAL, ATTEMPT, EXPORT, MACHINES, RUN, NotNow
from routing.providers.base import OutcomeUnknown, RateLimited
from tests import factories
from tests.campaigns.scripted import PRICE, Scripted

STATES = {
    "Stage run": RunState.values,
    "Attempt": AttemptState.values,
    "Approval": ApprovalState.values,
    "Package": ExportState.values,
}


class TestTables:
    @pytest.mark.parametrize("name", list(MACHINES))
    def test_hold_every_state_and_reach_every_one(self, name: str) -> None:
        machine = MACHINES[name]
        assert set(machine) == set(STATES[name])
        first = next(iter(machine))
        reached = {first} | {to for events in machine.values() for to in events.values()}
        if name == "Stage run":
            reached.add(RunState.QUEUED)  # where a run starts that needs no asking
        assert reached == set(machine)

    @pytest.mark.parametrize("name", list(MACHINES))
    def test_give_each_event_one_target(self, name: str) -> None:
        for event in {event for events in MACHINES[name].values() for event in events}:
            assert transitions.target(MACHINES[name], event) in MACHINES[name]

    def test_name_the_groups_that_the_code_asks_for(self) -> None:
        assert set(RUN_OPEN) == set(transitions.sources(RUN, "cancel"))
        assert set(ATTEMPT_OPEN) == set(transitions.sources(ATTEMPT, "fail"))
        assert set(ATTEMPT_DRIVEN) == set(transitions.sources(ATTEMPT, "cancel"))

    def test_leave_every_open_state_a_way_out(self) -> None:
        for machine in MACHINES.values():
            for state, events in machine.items():
                seen, todo = set(), [state]
                while todo:
                    at = todo.pop()
                    seen.add(at)
                    todo += [to for to in machine[at].values() if to not in seen]
                assert not events or any(not machine[at] or at == "done" for at in seen), state

    def test_docs_are_fresh(self) -> None:
        call_command("render_docs", check=True)


def walk(
    machine: transitions.Machine, event: str, state: str, now: str, error: Exception | None
) -> None:
    """Check one pair: the table's target is reached, or nothing moved."""
    wanted = machine[state].get(event, state)
    assert now == wanted, f"{event} from {state} led to {now}; the table says {wanted} ({error})"


def attempted(work: Callable[[], object]) -> NotNow | None:
    try:
        work()
    except NotNow as error:
        return error
    return None


def _judge(run: StageRun, people: dict[str, User]) -> None:
    curation.reject_all(run=run, by=people["cleo"])


def _undo(run: StageRun, people: dict[str, User]) -> None:
    curation.undo(run=run, by=people["cleo"])


def _cancel(run: StageRun, people: dict[str, User]) -> None:
    runs.cancel(run=run, by=people["mara"])


def _start(run: StageRun, people: dict[str, User]) -> None:
    sending.submit(attempt_id=run.attempts.get().pk)


def _fail(run: StageRun, people: dict[str, User]) -> None:
    runs.fail(attempt_id=run.attempts.get().pk, text="It broke.")


def _finish(run: StageRun, people: dict[str, User]) -> None:
    attempt = run.attempts.get()
    Attempt.objects.filter(pk=attempt.pk).update(
        state="fetching", provider_ref="r", lease_key="mine"
    )
    fetching.finish(attempt_id=attempt.pk, key="mine")


def _decide(approve: bool) -> Callable[[StageRun, dict[str, User]], None]:
    def work(run: StageRun, people: dict[str, User]) -> None:
        if not Approval.objects.filter(run=run).exists():
            approving.ask(run=run, why="because", by=people["mara"])
            run.attempts.all().update(number=9)
        approval = Approval.objects.get(run=run)
        try:
            approvals.decide(approval=approval, approve=approve, by=people["dana"], reason="No.")
        finally:
            approval.refresh_from_db()
            moved = StageRun.objects.get(pk=run.pk).state != run.state
            assert (approval.state != "asked") == moved, "approval and run decide together"

    return work


def _expire(run: StageRun, people: dict[str, User]) -> None:
    if not Approval.objects.filter(run=run).exists():
        approving.ask(run=run, why="because", by=people["mara"])
    Approval.objects.filter(run=run).update(expires_at=timezone.now())
    approving.expire(now=timezone.now())


RUN_EVENTS: dict[str, Callable[[StageRun, dict[str, User]], None]] = {
    "approve": _decide(True),
    "decline": _decide(False),
    "expire": _expire,
    "cancel": _cancel,
    "start": _start,
    "fail": _fail,
    "finish": _finish,
    "judge": _judge,
    "undo": _undo,
}


class TestRuns:
    def test_every_event_is_walked(self) -> None:
        assert set(RUN_EVENTS) == {event for events in RUN.values() for event in events}

    @pytest.mark.parametrize("event", list(RUN_EVENTS))
    def test_follow_the_table(
        self, ad_set: AdSet, mara: User, cleo: User, dana: User, event: str
    ) -> None:
        people = {"mara": mara, "cleo": cleo, "dana": dana}
        for state in RUN:
            run = factories.open_run(factories.asset(ad_set, by=mara, title=state))
            judged = {"judged_at": timezone.now(), "judged_by": cleo} if state == "done" else {}
            StageRun.objects.filter(pk=run.pk).update(state=state, **judged)
            run.refresh_from_db()
            error = attempted(lambda run=run: RUN_EVENTS[event](run, people))
            walk(RUN, event, state, StageRun.objects.get(pk=run.pk).state, error)


def _values(state: str) -> dict[str, Any]:
    """What an attempt in `state` has besides it."""
    return {
        "state": state,
        "provider_ref": "" if state in {"intended", "submitting"} else "job-9",
        "settled_micros": 0 if state == "settled" else None,
    }


def _cancel_to_the_end(run: StageRun, by: User) -> None:
    """What the provider has made is brought in for a day, and only then given up."""
    runs.cancel(run=run, by=by)
    for waited in (timedelta(0), stopping.ASK_FOR + timedelta(seconds=1)):
        StageRun.objects.filter(pk=run.pk).update(finished_at=timezone.now() - waited)
        stopping.stop(attempt_id=run.attempts.get().pk)


class TestAttempts:
    @pytest.fixture
    def covered(self, ad_set: AdSet, hosted: Scripted) -> AdSet:
        factories.fund(ad_set.campaign, low=100 * PRICE)
        return ad_set

    @pytest.mark.parametrize("event", ["fail", "cancel", "ready", "settle"])
    def test_follow_the_table(self, covered: AdSet, mara: User, event: str) -> None:
        for state in ATTEMPT:
            run = factories.open_run(factories.asset(covered, by=mara, title=state))
            attempt = run.attempts.get()
            values = {**_values(state), "lease_key": "mine"}
            Attempt.objects.filter(pk=attempt.pk).update(**values)
            StageRun.objects.filter(pk=run.pk).update(state="running")
            work: Callable[[], object] = {
                "fail": lambda pk=attempt.pk: runs.fail(attempt_id=pk, text="It broke."),
                "cancel": lambda run=run: _cancel_to_the_end(run, mara),
                "ready": lambda pk=attempt.pk: sending.poll(attempt_id=pk),
                "settle": lambda pk=attempt.pk: fetching.finish(attempt_id=pk, key="mine"),
            }[event]
            error = attempted(work)
            walk(ATTEMPT, event, state, Attempt.objects.get(pk=attempt.pk).state, error)

    @pytest.mark.parametrize(
        ("refuses", "leads_to"),
        [
            (None, "fetching"),  # sent, accepted, and ready when asked
            (RateLimited("Too many.", 60), "intended"),
            (OutcomeUnknown("Lost."), "unknown"),
        ],
    )
    def test_are_sent_from_intended_only(
        self,
        covered: AdSet,
        mara: User,
        hosted: Scripted,
        refuses: Exception | None,
        leads_to: str,
    ) -> None:
        hosted.refuses = refuses  # type: ignore[assignment]
        for state in ATTEMPT:
            run = factories.open_run(factories.asset(covered, by=mara, title=state))
            attempt = run.attempts.get()
            Attempt.objects.filter(pk=attempt.pk).update(**_values(state))
            sending.submit(attempt_id=attempt.pk)
            attempt.refresh_from_db()
            assert attempt.state == (leads_to if state == "intended" else state)
        assert len(hosted.accepted) == (0 if refuses else 1)


class TestApprovals:
    @pytest.mark.parametrize("event", ["approve", "decline", "withdraw", "expire"])
    def test_follow_the_table(self, team: Team, mara: User, dana: User, event: str) -> None:
        ad_set = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
        for state in APPROVAL:
            run = factories.open_run(factories.asset(ad_set, by=mara, title=state))
            decided: dict[str, Any] = {} if state == "asked" else {"decided_at": timezone.now()}
            if state not in {"asked", "expired"}:
                decided["decided_by"] = dana
            Approval.objects.filter(run=run).update(state=state, **decided)
            approval = Approval.objects.get(run=run)
            work: Callable[[], object] = {
                "approve": lambda a=approval: approvals.decide(approval=a, approve=True, by=dana),
                "decline": lambda a=approval: approvals.decide(
                    approval=a, approve=False, by=dana, reason="No."
                ),
                "expire": lambda run=run: _expire(run, {}),
                "withdraw": lambda run=run: runs.cancel(run=run, by=mara),
            }[event]
            error = attempted(work)
            walk(APPROVAL, event, state, Approval.objects.get(run=run).state, error)


class TestPackages:
    def test_are_built_again_only_after_a_failure(
        self, team: Team, ad_set: AdSet, ben: User
    ) -> None:
        for state in EXPORT:
            export = Export.objects.create(
                team=team, campaign=ad_set.campaign, name="a.zip", token=state, requested_by=ben,
                state=state, file="a.zip", sha256="0" * 64,
            )  # fmt: skip
            error = attempted(lambda export=export: exports.retry(export=export, by=ben))
            walk(EXPORT, "retry", state, Export.objects.get(pk=export.pk).state, error)
            if state in {"ready"}:
                exports.build(export_id=export.pk)
                assert Export.objects.get(pk=export.pk).state == state
