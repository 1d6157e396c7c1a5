"""The audit trail: every decision with before and after, filters, pages, CSV, and who may look."""

from __future__ import annotations

import csv
import io

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.actions import budgets, events
from campaigns.models import AdSet, Team
from campaigns.queries import trail as reads

DOLLAR = 1_000_000


@pytest.fixture
def url(team: Team) -> str:
    """The page."""
    return reverse("trail", args=[team.slug])


@pytest.fixture
def budgeted(ad_set: AdSet, dana: User) -> AdSet:
    """Dana set a budget twice."""
    for total in (10, 30):
        budgets.set_campaign(
            campaign=ad_set.campaign,
            total_micros=total * DOLLAR,
            tiers={"low": total * DOLLAR, "medium": 0, "high": 0},
            by=dana,
        )
    return ad_set


def texts(client: Client, url: str, **asked: object) -> list[str]:
    return [row.text for row in client.get(url, asked).context["page"].rows]


class TestTrail:
    def test_says_who_changed_what_from_what_to_what(
        self, client: Client, url: str, budgeted: AdSet, dana: User
    ) -> None:
        client.force_login(dana)
        answer = client.get(url)
        row = answer.context["page"].rows[0]
        assert row.who == dana.get_full_name()
        assert "set a campaign's budget to $30.00 a month (was $10.00)" in row.text
        changed = {change.name: (change.before, change.after) for change in row.changes}
        assert changed["Total"] == ("$10.00", "$30.00")
        assert "$10.00" in answer.content.decode()

    def test_is_filtered_by_what_and_by_whom(
        self, client: Client, url: str, budgeted: AdSet, dana: User, mara: User
    ) -> None:
        client.force_login(dana)
        assert all("budget" in text for text in texts(client, url, kind="money"))
        assert texts(client, url, kind="money")
        assert not any("budget" in text for text in texts(client, url, kind="campaigns"))
        assert not any("budget" in text for text in texts(client, url, person=mara.pk))
        for unknown in ({"kind": "x"}, {"person": "0"}, {"person": "a"}):
            assert client.get(url, unknown).status_code == 404

    def test_goes_on_page_by_page_without_a_gap(
        self, client: Client, url: str, team: Team, dana: User
    ) -> None:
        for number in range(reads.PAGE + 5):
            events.record(
                team=team, verb="ad_set.create", subject="ad_set", subject_id=number, by=dana,
                after={"name": f"Set {number}"},
            )  # fmt: skip
        client.force_login(dana)
        first = client.get(url, {"kind": "campaigns"}).context["page"]
        second = client.get(url, {"kind": "campaigns", "before": first.older}).context["page"]
        seen = [row.pk for row in (*first.rows, *second.rows)]
        assert len(first.rows) == reads.PAGE
        assert seen == sorted(set(seen), reverse=True)
        assert second.older is None

    def test_costs_the_same_with_few_and_many_rows(
        self, client: Client, url: str, team: Team, dana: User
    ) -> None:
        client.force_login(dana)
        counts = []
        for number in (1, 30):
            for each in range(number):
                events.record(
                    team=team, verb="team.change", subject="team", subject_id=each, by=dana
                )
            with CaptureQueriesContext(
                connection,
            ) as asked:
                client.get(url)
            counts.append(len(asked))
        assert counts[0] == counts[1]

    def test_downloads_everything_safely(
        self, client: Client, url: str, team: Team, dana: User
    ) -> None:
        events.record(
            team=team, verb="ad_set.create", subject="ad_set", subject_id=1, by=dana,
            after={"name": "=HYPERLINK(1)"},
        )  # fmt: skip
        client.force_login(dana)
        answer = client.get(url, {"format": "csv", "kind": "campaigns"})
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        (row,) = [one for one in csv.DictReader(io.StringIO(text)) if "HYPER" in one["after"]]
        assert row["verb"] == "ad_set.create"
        assert not row["after"].startswith("=")

    @pytest.mark.parametrize("name", ["mara", "cleo", "ben"])
    def test_is_for_managers_and_admins(
        self, client: Client, url: str, name: str, request: pytest.FixtureRequest
    ) -> None:
        client.force_login(request.getfixturevalue(name))
        answer = client.get(url)
        assert answer.status_code == 403
        assert "Ask an admin or manager" in answer.content.decode()
