"""Checking an invoice in the browser: drop it, see it, accept it, take it away as CSV."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from campaigns.actions import invoices as actions
from campaigns.actions import spending
from campaigns.forms import invoices as forms
from campaigns.models import AdSet, LedgerEntry, Team
from campaigns.templatetags.figures import exact, signed
from campaigns.views import invoices as views
from tests import factories
from tests.campaigns import money
from tests.campaigns.test_invoices import CENT, settled

HEADER = "request_id,amount"
# session, person, team, roles, providers, months, two for the comparison, five for the shell
QUERIES = 13


@pytest.fixture
def url(team: Team) -> str:
    return reverse("invoice", args=[team.slug])


@pytest.fixture
def as_dana(client: Client, dana: User) -> Client:
    client.force_login(dana)
    return client


@pytest.fixture
def spent(ad_set: AdSet, mara: User) -> AdSet:
    """Two settled calls, of 20 and 10 cents."""
    factories.fund(ad_set.campaign, low=1000 * CENT)
    settled(ad_set, mara, "req-1", 20)
    settled(ad_set, mara, "req-2", 10)
    return ad_set


def dropped(client: Client, url: str, *lines: str, raw: bytes | None = None, **values: str) -> Any:
    text = "\n".join((HEADER, *lines, "")).encode() if raw is None else raw
    file = SimpleUploadedFile("fal november.csv", text, content_type="text/csv")
    return client.post(url, {"file": file, **values})


def sealed(answer: Any) -> dict[str, str]:
    """What the page's forms bring back."""
    return {"sealed": answer.context["sealed"]}


def accept(client: Client, team: Team, answer: Any) -> Any:
    return client.post(reverse("invoice_book", args=[team.slug]), sealed(answer))


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


class TestInvoice:
    def test_asks_for_the_file_and_proposes_the_month_one_came_from(
        self, as_dana: Client, team: Team, spent: AdSet, url: str
    ) -> None:
        month = f"{money.month():%Y-%m}"
        page = as_dana.get(url, {"month": month}).content.decode()
        assert 'enctype="multipart/form-data"' in page
        assert f'<option value="{month}" selected>' in page
        assert "Accept" not in page
        budget = as_dana.get(reverse("budget", args=[team.slug])).content.decode()
        assert f'href="{url}?month={month}"' in budget

    def test_shows_ours_theirs_and_the_difference_with_a_link_to_the_asset(
        self, as_dana: Client, team: Team, spent: AdSet, url: str
    ) -> None:
        answer = dropped(as_dana, url, "req-1,0.2125", "req-2,0.10", "stranger,3")
        page = " ".join(answer.content.decode().split())
        assert answer.status_code == 200
        assert [(row.state, row.request_id) for row, *_ in answer.context["rows"]] == [
            ("differs", "req-1"), ("theirs", "stranger"), ("same", "req-2"),
        ]  # fmt: skip
        asset = spent.assets.order_by("pk")[0]
        assert reverse("asset", args=[team.slug, asset.pk]) in page
        assert '<td class="num">$0.20</td> <td class="num">$0.2125</td>' in page
        assert "+$0.0125" in page
        assert "Accept 1 difference: +$0.0125" in page
        for word in ("Differs", "Only theirs", "Same"):
            assert f"<span>{word}</span>" in page
        assert not LedgerEntry.objects.filter(kind="correct").exists()

    def test_looks_in_the_chosen_month_and_provider(
        self, as_dana: Client, spent: AdSet, url: str
    ) -> None:
        month = f"{money.month():%Y-%m}"
        answer = dropped(as_dana, url, "stranger,3", provider="fal", month=month)
        assert [row.state for row, *_ in answer.context["rows"]] == ["theirs", "ours", "ours"]
        answer = dropped(as_dana, url, "stranger,3")
        assert "nobody can say what only we have" in answer.content.decode()

    @pytest.mark.parametrize(
        ("raw", "says"),
        [
            (b"", "The file is empty."),
            (b"foo,bar\n1,2\n", "Line 1: no column is called like"),
            (b"request_id,amount\nreq-1,NaN\n", "Line 2, column “amount”: “NaN” is not an amount."),
            (b"request_id,amount\nreq-1,inf\n", "Line 2, column “amount”: “inf” is not an amount."),
            (b"request_id,amount\nreq-1,1000000000000\n", "is too large. The most is"),
            (b"request_id,amount\nreq-1,-3\n", "a credit without what it is taken from"),
            (b"request_id,amount\nreq-1,=1+1\n", "“=1+1” is a formula"),
            (b"request_id,amount,currency\nreq-1,1,EUR\n", "is in EUR"),
            (b"request_id,amount\nreq-1,0.12345678901\n", "more than 9 decimals"),
            (Path(factories.COFFEE).read_bytes(), "this is a picture or a document, not a CSV"),
            (
                b"request_id,amount\n" + b"x,1\n" * 100_001,
                "Line 100002: the file has more than 100,000 rows. Split it",
            ),
        ],
    )
    def test_names_line_field_and_remedy_and_changes_nothing(
        self, as_dana: Client, spent: AdSet, url: str, raw: bytes, says: str
    ) -> None:
        before = list(LedgerEntry.objects.values_list("pk", flat=True))
        answer = dropped(as_dana, url, raw=raw)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert says in page
        assert "Nothing was changed." in page
        assert 'aria-invalid="true"' in page
        assert list(LedgerEntry.objects.values_list("pk", flat=True)) == before

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({}, "Choose the invoice&#x27;s CSV file."),
            ({"file": "text"}, "Choose the invoice&#x27;s CSV file."),
        ],
    )
    def test_without_a_file_says_what_to_do(
        self, as_dana: Client, url: str, values: dict[str, str], says: str
    ) -> None:
        answer = as_dana.post(url, values)
        assert (answer.status_code, says in answer.content.decode()) == (422, True)

    @pytest.mark.parametrize("values", [{"provider": "other"}, {"month": "2020-13"}])
    def test_refuses_what_is_not_in_its_lists(
        self, as_dana: Client, spent: AdSet, url: str, values: dict[str, str]
    ) -> None:
        answer = dropped(as_dana, url, "req-1,1", **values)
        assert answer.status_code == 422
        assert "of the list. Nothing was changed." in answer.content.decode()

    def test_prints_a_formula_as_text_and_markup_as_text(
        self, as_dana: Client, spent: AdSet, url: str
    ) -> None:
        answer = dropped(as_dana, url, "=cmd|' /C calc'!A0,1", "<script>alert(1)</script>,2")
        page = answer.content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page

    def test_is_for_managers(self, client: Client, mara: User, spent: AdSet, url: str) -> None:
        client.force_login(mara)
        assert client.get(url).status_code == 403
        assert dropped(client, url, "req-1,1").status_code == 302
        budget = client.get(reverse("budget", args=[spent.campaign.team.slug])).content.decode()
        assert url not in budget

    @pytest.mark.parametrize("count", [1, 3])
    def test_asks_the_same_queries_however_many_rows(
        self,
        as_dana: Client,
        spent: AdSet,
        mara: User,
        url: str,
        count: int,
        django_assert_num_queries: Any,
    ) -> None:
        for number in range(3, 3 + count):
            settled(spent, mara, f"req-{number}", number)
        lines = [f"req-{number},9" for number in range(1, 3 + count)]
        with django_assert_num_queries(QUERIES):
            dropped(as_dana, url, *lines)

    def test_shows_so_many_rows_and_says_where_the_others_are(
        self, as_dana: Client, spent: AdSet, url: str
    ) -> None:
        lines = [f"stranger-{number},1" for number in range(views.SHOWN + 5)]
        answer = dropped(as_dana, url, "req-1,0.21", *lines)
        page = answer.content.decode()
        assert page.count('class="mono invoice-id"') == views.SHOWN
        assert "7 more rows are only in the CSV" in page


class TestBook:
    def test_books_with_one_click_and_shows_what_is_now(
        self, as_dana: Client, team: Team, spent: AdSet, url: str
    ) -> None:
        seen = dropped(as_dana, url, "req-1,0.25", "req-2,0.09")
        answer = accept(as_dana, team, seen)
        page = answer.content.decode()
        assert "2 corrections were booked: +$0.04." in page
        assert [row.state for row, *_ in answer.context["rows"]] == ["same", "same"]
        assert "there is nothing to accept" in page
        notes = LedgerEntry.objects.filter(kind="correct").values_list("note", flat=True)
        assert set(notes) == {
            "Invoice of fal, fal november.csv, request req-1",
            "Invoice of fal, fal november.csv, request req-2",
        }
        money.check(team)

    def test_the_same_file_again_changes_nothing_and_says_so(
        self, as_dana: Client, team: Team, spent: AdSet, url: str
    ) -> None:
        seen = dropped(as_dana, url, "req-1,0.25")
        accept(as_dana, team, seen)
        page = accept(as_dana, team, seen).content.decode()
        assert "Nothing was booked: what stands in both books agrees." in page
        assert dropped(as_dana, url, "req-1,0.25").context["at_once_count"] == 0
        assert LedgerEntry.objects.filter(kind="correct").count() == 1

    def test_says_what_was_changed_since(
        self, as_dana: Client, team: Team, spent: AdSet, dana: User, url: str
    ) -> None:
        seen = dropped(as_dana, url, "req-1,0.25")
        accept(as_dana, team, seen)
        attempt = LedgerEntry.objects.get(kind="correct").attempt
        assert attempt is not None
        spending.correct(attempt=attempt, amount_micros=-CENT, note="x", token="t", by=dana)
        page = accept(as_dana, team, seen).content.decode()
        assert "1 request was booked from this file before and changed since." in page

    def test_goes_on_with_the_next_click(
        self,
        as_dana: Client,
        team: Team,
        spent: AdSet,
        url: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(actions, "MOST_AT_ONCE", 1)
        seen = dropped(as_dana, url, "req-1,0.25", "req-2,0.09")
        assert "Accept 1 difference: +$0.05" in seen.content.decode()
        answer = accept(as_dana, team, seen)
        assert "1 difference is left: accept again" in answer.content.decode()
        accept(as_dana, team, answer)
        assert money.sums(spent.campaign) == (0, 34 * CENT)

    def test_of_an_invoice_too_large_to_carry_books_what_differs_most(
        self,
        as_dana: Client,
        team: Team,
        spent: AdSet,
        url: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(forms, "MOST_SEALED", 600)
        lines = [f"stranger-{number * 7919},1" for number in range(300)]
        seen = dropped(as_dana, url, "req-1,0.25", *lines)
        assert len(seen.context["sealed"]) <= 600
        page = seen.content.decode()
        assert "too large to be carried" in page
        assert "Download CSV" not in page
        answer = accept(as_dana, team, seen)
        assert answer.status_code == 302
        told = as_dana.get(url).content.decode()
        assert "1 correction was booked: +$0.05." in told
        assert "Choose the file again to see what is left of it." in told

    @pytest.mark.parametrize("name", ["invoice_book", "invoice_csv"])
    def test_refuses_what_is_old_changed_or_anothers(
        self,
        as_dana: Client,
        team: Team,
        otto: User,
        spent: AdSet,
        url: str,
        name: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        at = reverse(name, args=[team.slug])
        good = sealed(dropped(as_dana, url, "req-1,0.25"))["sealed"]
        content = signing.loads(good, salt=forms._SALT)
        theirs = otto.memberships.order_by("pk")[0].team_id
        other = signing.dumps({**content, "team": theirs}, salt=forms._SALT, compress=True)
        elsewhere = signing.dumps(content, salt="another", compress=True)
        for bad in ("", "x", good[:-1] + "-", other, elsewhere):
            answer = as_dana.post(at, {"sealed": bad})
            assert answer.status_code == 422
            assert "Choose the invoice&#x27;s file again" in answer.content.decode()
        monkeypatch.setattr(forms, "MAX_AGE_S", -1)
        assert as_dana.post(at, {"sealed": good}).status_code == 422
        assert not LedgerEntry.objects.filter(kind="correct").exists()

    def test_a_hundred_thousand_rows_are_compared_and_booked(
        self, as_dana: Client, team: Team, spent: AdSet, url: str
    ) -> None:
        lines = "".join(f"{number:032x},0.01\n" for number in range(99_999))
        raw = f"{HEADER}\n{lines}req-1,0.25\n".encode()
        seen = dropped(as_dana, url, raw=raw)
        assert (seen.status_code, seen.context["at_once_count"]) == (200, 1)
        assert len(seen.context["sealed"]) <= forms.MOST_SEALED
        assert accept(as_dana, team, seen).status_code in {200, 302}
        assert money.sums(spent.campaign) == (0, 35 * CENT)


class TestDownload:
    def test_gives_every_row_and_no_formula(
        self, as_dana: Client, team: Team, spent: AdSet, url: str
    ) -> None:
        seen = dropped(as_dana, url, "req-1,0.2125", "=1+1,3")
        for answer in (
            as_dana.post(reverse("invoice_csv", args=[team.slug]), sealed(seen)),
            dropped(as_dana, url, "req-1,0.2125", "=1+1,3", **{"as": "csv"}),
        ):
            assert answer["Content-Type"] == "text/csv; charset=utf-8"
            assert re.search(r'filename="invoice-[a-z-]+-\d{4}-\d{2}\.csv"', str(answer.headers))
            rows = rows_of(answer)
            assert [
                (row["state"], row["request_id"], row["theirs"], row["ours"], row["difference"])
                for row in rows
            ] == [
                ("Differs", "req-1", "0.2125", "0.2", "0.0125"),
                ("Only theirs", "'=1+1", "3", "", "3"),
                ("Only ours", "req-2", "", "0.1", "-0.1"),
            ]
            assert {row["asset"] for row in rows} == {"Creative", ""}


@pytest.mark.parametrize(
    ("micros", "currency", "shown", "difference"),
    [
        (0, "USD", "$0.00", "$0.00"),
        (12_500, "USD", "$0.0125", "+$0.0125"),
        (-1, "USD", "-$0.000001", "-$0.000001"),
        (1_234_500_000, "EUR", "\u20ac1,234.50", "+\u20ac1,234.50"),
        (-2_000_000, "CHF", "-2.00 CHF", "-2.00 CHF"),
        (None, "USD", "\u2013", "\u2013"),
    ],
)
def test_a_bill_is_shown_with_every_decimal(
    micros: int | None, currency: str, shown: str, difference: str
) -> None:
    assert (exact(micros, currency), signed(micros, currency)) == (shown, difference)
