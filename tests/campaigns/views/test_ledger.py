"""The ledger: what it shows of each movement, its filters, its pages, its CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.actions import spending
from campaigns.models import AdSet, Attempt, LedgerEntry, Team
from campaigns.queries import ledger as reads
from tests import factories

DOLLAR = 1_000_000


@pytest.fixture
def url(team: Team) -> str:
    """The ledger page."""
    return reverse("ledger", args=[team.slug])


@pytest.fixture
def spent(ad_set: AdSet, mara: User, hosted: object) -> AdSet:
    """One creative that is settled and one that holds money."""
    factories.fund(ad_set.campaign, low=10 * DOLLAR)
    factories.asset(ad_set, by=mara, title="Settled")
    factories.drain()
    factories.asset(ad_set, by=mara, title="Held")
    return ad_set


def shown(client: Client, url: str, **asked: object) -> list[tuple[str, str]]:
    """(kind, title) of the rows on the page, newest first."""
    rows = client.get(url, asked).context["page"].rows
    return [(row.kind, row.attempt.run.asset.title) for row in rows]


def downloaded(client: Client, url: str, **asked: object) -> list[dict[str, str]]:
    """The rows of the CSV."""
    answer = client.get(url, {"format": "csv", **asked})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


class TestLedger:
    def test_every_run_has_its_row_also_at_price_nothing(
        self, client: Client, ad_set: AdSet, mara: User, url: str
    ) -> None:
        factories.asset(ad_set, by=mara, title="Pour-over")
        client.force_login(mara)
        assert shown(client, url) == [("reserve", "Pour-over")]

    def test_each_row_leads_to_its_asset_and_its_run(
        self, client: Client, spent: AdSet, mara: User, url: str
    ) -> None:
        client.force_login(mara)
        page = client.get(url).content.decode()
        for attempt in Attempt.objects.select_related("run"):
            asset = reverse("asset", args=[spent.campaign.team.slug, attempt.run.asset_id])
            assert f'href="{asset}"' in page
            assert f'href="{asset}#run-{attempt.run_id}"' in page

    def test_filters_by_everything_a_number_stands_for(
        self, client: Client, spent: AdSet, mara: User, url: str
    ) -> None:
        client.force_login(mara)
        run = Attempt.objects.order_by("pk")[0].run
        held, settled = ("reserve", "Held"), ("settle", "Settled")
        every = [held, settled, ("reserve", "Settled")]
        assert shown(client, url) == every
        for asked in (
            {"tier": run.tier}, {"stage": run.stage}, {"model": run.model}, {"person": mara.pk},
            {"ad_set": spent.pk}, {"campaign": spent.campaign_id},
            {"month": f"{run.created_at:%Y-%m}"},
        ):  # fmt: skip
            assert shown(client, url, **asked) == every, asked
        assert shown(client, url, tier="high") == []
        assert shown(client, url, stage="polish") == []
        assert shown(client, url, kind="billed") == [settled]
        assert shown(client, url, kind="open") == [held]
        assert shown(client, url, asset=run.asset_id) == every[1:]

    def test_each_filter_is_a_chip_that_takes_it_away(
        self, client: Client, spent: AdSet, mara: User, url: str
    ) -> None:
        client.force_login(mara)
        asked = {"ad_set": spent.pk, "kind": "settle", "before": "999"}
        chips = dict(client.get(url, asked).context["chips"])
        assert chips == {"Prospecting": "?kind=settle", "Settled": f"?ad_set={spent.pk}"}

    @pytest.mark.parametrize(
        "asked",
        [{"tier": "huge"}, {"stage": "x"}, {"kind": "x"}, {"model": "x"}, {"campaign": "1e3"},
         {"ad_set": "0"}, {"person": "\uff11"}, {"month": "2026"}, {"asset": "9" * 20}],
    )  # fmt: skip
    def test_a_filter_that_means_nothing_is_not_found(
        self, client: Client, spent: AdSet, mara: User, url: str, asked: dict[str, str]
    ) -> None:
        client.force_login(mara)
        assert client.get(url, asked).status_code == 404

    def test_another_teams_campaign_is_not_found(
        self, client: Client, mara: User, otto: User, url: str
    ) -> None:
        theirs = factories.ad_set(otto.memberships.order_by("pk")[0].team, by=otto)
        client.force_login(mara)
        for asked in (
            {"campaign": theirs.campaign_id}, {"ad_set": theirs.pk}, {"person": otto.pk},
        ):  # fmt: skip
            assert client.get(url, asked).status_code == 404, asked

    def test_pages_meet_without_gap_or_double(
        self, client: Client, spent: AdSet, dana: User, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        attempt = Attempt.objects.order_by("pk")[0]
        for number in range(4):
            spending.correct(
                attempt=attempt, amount_micros=1000, note="invoice", token=str(number), by=dana
            )
        monkeypatch.setattr(reads, "PAGE", 3)
        client.force_login(dana)
        every = list(LedgerEntry.objects.order_by("-pk").values_list("pk", flat=True))
        first = client.get(url).context["page"]
        second = client.get(url, {"before": first.older}).context["page"]
        third = client.get(url, {"before": second.older}).context["page"]
        pages = (first, second, third)
        assert [row.pk for page in pages for row in page.rows] == every
        assert (first.newer, third.older) == (None, None)
        back = client.get(url, {"after": third.newer}).context["page"]
        assert back.rows == second.rows
        assert (back.newer, back.older) == (second.newer, second.older)

    @pytest.mark.parametrize("rows", [1, 3])
    def test_costs_the_same_queries_for_any_number_of_rows(
        self,
        client: Client,
        ad_set: AdSet,
        mara: User,
        url: str,
        rows: int,
        django_assert_num_queries: Any,
    ) -> None:
        for number in range(rows):
            factories.asset(ad_set, by=mara, title=f"Type {number}")
        client.force_login(mara)
        client.get(url)
        with django_assert_num_queries(12):
            client.get(url)
        with django_assert_num_queries(14):
            client.get(url, {"campaign": ad_set.campaign_id})


class TestCsv:
    def test_holds_the_rows_of_the_same_filter_with_all_that_reconciling_needs(
        self, client: Client, spent: AdSet, mara: User, url: str
    ) -> None:
        Attempt.objects.filter(run__asset__title="Settled").update(provider_ref="req-7")
        client.force_login(mara)
        (row,) = downloaded(client, url, kind="settle")
        attempt = Attempt.objects.get(provider_ref="req-7")
        assert row["request_id"] == "req-7"
        assert row["attempt"] == "1"
        assert row["run_id"] == str(attempt.run_id)
        assert row["currency"] == "USD"
        assert row["amount"] == "0.08"
        assert (row["credits"], row["compute_s"]) == ("0", "0.0")
        assert row["requested_by"] == mara.username
        assert row["month"] == f"{attempt.created_at:%Y-%m}"

    def test_a_title_that_is_a_formula_is_harmless(
        self, client: Client, ad_set: AdSet, mara: User, url: str
    ) -> None:
        factories.asset(ad_set, by=mara, title='=HYPERLINK("evil")')
        client.force_login(mara)
        (row,) = downloaded(client, url)
        assert row["asset"] == '\'=HYPERLINK("evil")'

    def test_a_negative_correction_stays_a_number(
        self, client: Client, spent: AdSet, mara: User, dana: User, url: str
    ) -> None:
        attempt = Attempt.objects.order_by("pk")[0]
        spending.correct(
            attempt=attempt, amount_micros=-20_000, note="credit note", token="t", by=dana
        )
        client.force_login(mara)
        (row,) = downloaded(client, url, kind="correct")
        assert (row["amount"], row["note"], row["booked_by"]) == (
            "-0.02", "credit note", dana.username,
        )  # fmt: skip

    def test_is_streamed(self, client: Client, spent: AdSet, mara: User, url: str) -> None:
        client.force_login(mara)
        answer = client.get(url, {"format": "csv", "month": "2020-01"})
        assert answer.streaming
        assert answer["Content-Disposition"].endswith('-2020-01.csv"')
