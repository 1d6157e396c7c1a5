"""Every fault of every vendor: the right state, the right ledger, at most one charge per call.

How each ends stands in docs/faults.md, row by row; the rules below hold for all of them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client, override_settings
from pytest_django.live_server_helper import LiveServer

from campaigns.models import AdSet, Attempt, LedgerEntry
from campaigns.models.choices import ATTEMPT_OPEN
from tests.stand_in import StandIn
from tests.vendors.cases import CASES, EVER
from tests.vendors.play import Case, Ended, play

TABLE = Path(settings.BASE_DIR) / "docs" / "faults.md"
THEN = {
    "": "",
    "cancel": "cancelled meanwhile",
    "hook": "the message comes",
    "replay": "the message comes, and again at the end",
    "late": "the message comes at the end",
    "cancel_late": "cancelled meanwhile, the message comes at the end",
    "first": "",
}


def row(case: Case, got: Ended) -> str:
    """A line of the table."""
    often = {1: "", EVER: "always"}.get(case.times, f"{case.times} times")
    what = THEN[case.then]
    parts = (case.also, case.fault or "none", often, what)
    fault = ", ".join(one.replace("_", " ") for one in parts if one)

    def usd(micros: int) -> str:
        return f"${micros / 1_000_000:.4f}"

    cells = (
        case.vendor, case.step, fault, got.attempts, got.run, str(got.outputs), str(got.posts),
        str(got.jobs), usd(got.billed), usd(got.booked), usd(got.held), str(got.aside),
        got.text.replace("|", "/"),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


FIRST = tuple(case for case in CASES if case.then == "first")


@pytest.mark.parametrize("case", [case for case in CASES if case not in FIRST], ids=str)
@pytest.mark.django_db
@override_settings(PUBLIC_URL="https://switchyard.example")
def test_ends_as_written_down(
    case: Case,
    vendor: StandIn,
    ad_set: AdSet,
    mara: User,
    woken: list[tuple[str, int]],
    client: Client,
) -> None:
    compare(case, vendor, play(case, vendor=vendor, ad_set=ad_set, by=mara, woken=woken,
                               client=client))  # fmt: skip


@pytest.mark.parametrize("case", FIRST, ids=str)
@pytest.mark.django_db(transaction=True)
@override_settings(PUBLIC_URL="https://switchyard.example")
def test_a_message_before_the_answer_ends_as_written_down(
    case: Case,
    vendor: StandIn,
    ad_set: AdSet,
    mara: User,
    woken: list[tuple[str, int]],
    client: Client,
    live_server: LiveServer,
) -> None:
    got = play(case, vendor=vendor, ad_set=ad_set, by=mara, woken=woken, client=client,
               door=live_server.url)  # fmt: skip
    first = vendor.state.deliveries[0]
    assert first.status == 204, "it came while the submission was not answered yet"
    compare(case, vendor, got)


def compare(case: Case, vendor: StandIn, got: Ended) -> None:
    """Holds how it ended against the rules and the table."""
    attempts = list(Attempt.objects.all())
    open_ones = [one for one in attempts if one.state in ATTEMPT_OPEN]
    assert got.jobs <= len(attempts), "a call was charged twice"
    assert got.booked + got.held >= got.billed, "money was forgotten"
    assert open_ones or not got.held, "a hold was left behind"
    for one in attempts:
        assert LedgerEntry.objects.filter(attempt=one, kind="reserve").count() == 1
    assert vendor.base not in got.text, "an address stands in what people read"
    found = row(case, got)
    if "WRITE_FAULTS" in os.environ:
        with Path(os.environ["WRITE_FAULTS"]).open("a", encoding="utf-8") as file:
            file.write(f"{CASES.index(case):04}{found}\n")
        return
    assert found in TABLE.read_text("utf-8").splitlines()
