"""Reading a provider's invoice: what is understood, and what is refused with line and remedy."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import date
from pathlib import Path

import pytest

from campaigns.formats import invoices
from campaigns.formats.invoice_cells import BadInvoice
from campaigns.formats.invoices import Charge, parse
from tests import factories


def read(text: str | bytes, currency: str = "USD") -> invoices.Invoice:
    raw = text if isinstance(text, bytes) else text.encode()
    return parse(io.BytesIO(raw), currency=currency)


def charged(text: str | bytes, currency: str = "USD") -> dict[str, int]:
    return {charge.request_id: charge.micros for charge in read(text, currency).charges}


def refused(text: str | bytes, currency: str = "USD") -> str:
    with pytest.raises(BadInvoice) as error:
        read(text, currency)
    return error.value.text


def with_amount(written: str) -> str:
    return f"request_id;amount\nfine;1\nreq-2;{written}\n"


class TestWhatIsUnderstood:
    def test_ids_and_amounts_in_the_order_of_the_file(self) -> None:
        invoice = read("request_id,amount\nb,0.04\na,12.5\nfree,0\n")
        assert invoice.charges == (Charge("b", 40_000), Charge("a", 12_500_000), Charge("free", 0))
        assert (invoice.month, invoice.is_whole) == (None, True)

    def test_the_hash_is_that_of_the_file(self) -> None:
        raw = "\ufeffrequest_id,amount\r\na,1\r\n\r\n".encode()
        assert read(raw).sha256 == hashlib.sha256(raw).hexdigest()

    @pytest.mark.parametrize(
        "header",
        ["request_id,amount", "Request ID,Amount", "REQUEST-ID,Cost (USD)", "requestId,total_usd",
         "prediction_id,charge", '"Job ID","Amount ($)"', " id , cost ", "\ufeffrequest_id,price"],
    )  # fmt: skip
    def test_columns_by_many_names(self, header: str) -> None:
        assert charged(f"{header}\nreq-1,0.5\n") == {"req-1": 500_000}

    def test_the_best_of_several_ids_counts(self) -> None:
        assert charged("id,amount,request_id,total\n7,0.5,req-1,9\n") == {"req-1": 500_000}

    def test_semicolons_with_a_decimal_comma(self) -> None:
        text = "\ufeffRequest ID;Betrag;Amount\r\nreq-1;x;0,0125\r\nreq-2;y;3\r\n"
        assert charged(text) == {"req-1": 12_500, "req-2": 3_000_000}

    def test_semicolons_with_a_decimal_point(self) -> None:
        assert charged("request_id;amount\nreq-1;0.5\n") == {"req-1": 500_000}

    @pytest.mark.parametrize(
        ("written", "micros"),
        [("$0.16", 160_000), ("USD 0.16", 160_000), ("0.16 usd", 160_000), (".5", 500_000),
         ("5.", 5_000_000), ("+1", 1_000_000), ("0", 0), ("999999999.99", 999_999_999_990_000),
         ("0.123456", 123_456), ("0.1230000000000", 123_000)],
    )  # fmt: skip
    def test_amounts(self, written: str, micros: int) -> None:
        assert charged(with_amount(written))["req-2"] == micros

    def test_billionths_are_added_up_before_they_are_rounded(self) -> None:
        rows = "".join("a,0.000000400\n" for _ in range(5))
        assert charged(f"request_id,amount\n{rows}b,0.0000005\nc,0.0000015\n") == {
            "a": 2, "b": 0, "c": 2,
        }  # fmt: skip

    def test_lines_of_one_request_are_added_up_credits_too(self) -> None:
        invoice = read(
            "request_id,amount,model\na,1.00,flux\na,0.50,upscale\nb,2,x\na,-0.25,\nb,\u22122,x\n"
        )
        assert invoice.charges == (Charge("a", 1_250_000, 3, "flux"), Charge("b", 0, 2, "x"))

    def test_the_month_is_the_one_that_most_lines_name(self) -> None:
        text = "id,amount,date\na,1,2026-10-31T23:59:00Z\nb,1,2026-11-01\nc,1,2026-11-30 10:00\n"
        assert read(text).month == date(2026, 11, 1)
        assert read("id,amount,date\na,1,24 Nov 2026\nb,1,\n").month is None

    def test_a_formula_as_id_is_text(self) -> None:
        assert charged("request_id,amount\n=1+1,1\n@x,1\n'-3,1\n") == {
            "=1+1": 1_000_000, "@x": 1_000_000, "'-3": 1_000_000,
        }  # fmt: skip

    def test_blank_lines_and_empty_columns_behind(self) -> None:
        assert charged("\n;;\nrequest_id;amount;;\na;1;;\n\n;;;\nb;2;;\n") == {
            "a": 1_000_000, "b": 2_000_000,
        }  # fmt: skip

    def test_its_own_currency_in_a_column(self) -> None:
        text = "request_id,amount,currency\na,1,eur\nb,1,\nc,1,\u20ac\n"
        assert set(charged(text, "EUR").values()) == {1_000_000}

    def test_a_hundred_thousand_rows(self) -> None:
        rows = "".join(f"req-{number},0.01\n" for number in range(invoices.MOST_ROWS))
        assert len(read(f"request_id,amount\n{rows}").charges) == invoices.MOST_ROWS
        text = refused(f"request_id,amount\n{rows}one-more,1\n")
        assert text.startswith("Line 100002: the file has more than 100,000 rows. Split it")


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("written", "says"),
        [
            ("NaN", "is not an amount"),
            ("inf", "is not an amount"),
            ("-Infinity", "is not an amount"),
            ("1e-05", "is not an amount"),
            ("abc", "is not an amount"),
            ("--1", "is not an amount"),
            ("-$-1", "is not an amount"),
            ("(0.50)", "is not an amount"),
            ("\uff11", "is not an amount"),
            (".", "is not an amount"),
            ("1.2.3", "is not an amount"),
            ("=1+1", "is a formula"),
            ("@SUM(A1)", "is a formula"),
            ("1000000000000", "too large. The most is 999999999.99"),
            ("0.0000000001", "more than 9 decimals"),
            ("1.234,50", "has a comma"),
            ("", "is empty"),
            ("1 EUR", "is in EUR, and this team's money is kept in USD"),
            ("\u00a31", "is in GBP"),
        ],
    )
    def test_amounts_by_line_and_column(self, written: str, says: str) -> None:
        text = refused(with_amount(written))
        assert text.startswith("Line 3, column “amount”:")
        assert says in text
        assert re.search(r"Write|Round|most is|Ask", text), text

    def test_a_comma_where_commas_divide(self) -> None:
        text = refused('request_id,amount\nreq-1,"1,250"\n')
        assert text.startswith("Line 2, column “amount”: “1,250” has a comma.")
        text = refused("request_id,amount\nreq-1,0,04\n")
        assert text.startswith("Line 2 has 3 columns, the first line 2.")

    def test_two_decimal_signs_in_one_file(self) -> None:
        text = refused("request_id;amount\na;0,5\nb;1.234\n")
        assert "Line 3, column “amount”: “1.234” has “.” where lines above have “,”" in text

    def test_a_credit_alone(self) -> None:
        text = refused("request_id,amount\na,1\nb,-0.5\n")
        assert text.startswith("Line 3, column “amount”: request “b” comes to -0.5: a credit")

    def test_a_request_that_adds_up_to_too_much(self) -> None:
        text = refused("request_id,amount\na,999999999\na,1\n")
        assert text.startswith("Line 3, column “amount”: request “a” adds up to more than")

    @pytest.mark.parametrize(
        ("header", "says"),
        [
            ("foo,bar", "called like the request id and the amount. It names “foo”, “bar”"),
            ("request_id,bar", "called like the amount"),
            ("amount,bar", "called like the request id"),
            ("request_id,amount,cost", "“amount” and “cost” could each be the amount"),
            ("request_id,request-id,amount", "could each be the request id"),
            ("request_id\tamount", "no column is called like"),
            ("request_id,requests", "called like the amount"),
        ],
    )
    def test_other_columns(self, header: str, says: str) -> None:
        text = refused(f"{header}\na,1,2\n")
        assert text.startswith("Line 1: ")
        assert says in text

    def test_another_currency(self) -> None:
        assert refused("request_id,amount,currency\na,1,USD\nb,1,EUR\n").startswith(
            "Line 3, column “currency”: is in EUR"
        )
        assert refused("request_id,cost (EUR)\na,1\n").startswith(
            "Line 1, column “cost (EUR)”: is in EUR"
        )
        assert refused("request_id,amount eur\na,1\n").startswith("Line 1, column “amount eur”:")

    @pytest.mark.parametrize("written", ["", "   ", "x" * 201, '"a\nb"'])
    def test_what_is_no_request_id(self, written: str) -> None:
        text = refused(f"request_id,amount\n{written},12\n")
        assert re.match(r"Line [23], column “request_id”: ", text)

    def test_a_day_that_is_not_in_the_calendar(self) -> None:
        text = refused("request_id,amount,date\na,1,2026-02-30\n")
        assert text == ("Line 2, column “date”: “2026-02-30” is no day. Write it like 2026-11-24.")

    @pytest.mark.parametrize("raw", [b"", b"\n\n", b"\xef\xbb\xbf", b",,\n"])
    def test_an_empty_file(self, raw: bytes) -> None:
        assert refused(raw).startswith("The file is empty.")

    def test_a_file_without_rows(self) -> None:
        assert refused("request_id,amount\n\n").startswith("There is no row below")

    def test_a_picture(self) -> None:
        assert refused(Path(factories.COFFEE).read_bytes()).startswith(
            "Line 1: this is a picture or a document, not a CSV."
        )

    def test_a_spreadsheet(self) -> None:
        assert refused(b"PK\x03\x04\x14\x00\xff").startswith("Line 1: this is a spreadsheet")

    @pytest.mark.parametrize(
        "raw", ["request_id,amount\ncaf\u00e9,1".encode("latin-1"), b"request_id,amount\n\0,1"]
    )
    def test_another_encoding(self, raw: bytes) -> None:
        text = refused(raw)
        assert text.startswith("Line 2 is not text in UTF-8. Save the table as “CSV UTF-8”")

    def test_utf_16(self) -> None:
        assert "Line 1 is not text in UTF-8" in refused("request_id,amount\n".encode("utf-16"))

    def test_a_quote_that_is_never_closed(self) -> None:
        text = refused('request_id,amount\n"a,1\nb,2\n')
        assert text.startswith("Line 3 cannot be read as CSV")
        assert "a quote that is not closed" in text

    def test_a_line_without_end(self) -> None:
        text = refused("request_id,amount\n" + "x" * (invoices.MOST_LINE_BYTES + 1))
        assert text.startswith("Line 2 is longer than 64 KB")

    def test_a_file_beyond_the_bound(self) -> None:
        line = "a,1," + "x" * 60_000 + "\n"
        count = invoices.MOST_BYTES // len(line) + 1
        text = refused("request_id,amount,note\n" + line * count)
        assert text.startswith("The file is larger than 20 MB.")

    def test_what_it_quotes_is_short_and_on_one_line(self) -> None:
        text = refused(with_amount("x" * 500))
        assert "x" * 40 + "…" in text
        assert "x" * 41 not in text
