"""Prices have a day and a source; what ran keeps the price it ran at, and no row is rewritten."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.actions import catalogs, reconcile
from campaigns.models import AdSet, CatalogModel, ModelPrice, Team
from campaigns.models.ledger import AppendOnly
from campaigns.stages.base import BadParams
from tests import factories


def today() -> date:
    return timezone.now().date()


def row() -> CatalogModel:
    return CatalogModel.objects.get(key="local-type")


def change(team: Team, by: User, **values: object) -> CatalogModel:
    wanted = {"tier": "low", "price_micros": 5, "is_enabled": True, **values}
    catalogs.change(team=team, row=row(), by=by, **wanted)  # type: ignore[arg-type]
    return row()


def prices() -> list[tuple[int | None, date]]:
    found = ModelPrice.objects.filter(model__key="local-type").order_by("pk")
    return list(found.values_list("price_micros", "starts"))


class TestShipped:
    def test_every_priced_model_has_its_first_price_and_sync_adds_none(self, team: Team) -> None:
        priced = CatalogModel.objects.filter(price_micros__isnull=False).count()
        assert ModelPrice.objects.count() == priced > 0
        catalogs.sync()
        assert ModelPrice.objects.count() == priced
        assert not ModelPrice.objects.filter(source="").exists()


class TestChange:
    def test_adds_a_row_with_who_and_where_from(self, team: Team, ada: User) -> None:
        change(team, ada, source="price page of 1 March", basis="1080p")
        newest = ModelPrice.objects.order_by("-pk")[0]
        assert (newest.price_micros, newest.starts, newest.by) == (5, today(), ada)
        assert (newest.source, newest.basis) == ("price page of 1 March", "1080p")
        assert [micros for micros, _ in prices()] == [0, 5]

    def test_leaves_what_ran_at_its_price(
        self, team: Team, ada: User, mara: User, ad_set: AdSet
    ) -> None:
        run = factories.open_run(factories.asset(ad_set, by=mara))
        before = run.decision["choices"]
        change(team, ada, price_micros=9_000_000)
        run.refresh_from_db()
        assert (run.decision["choices"], run.maximum_micros) == (before, 0)

    def test_of_tier_alone_adds_no_price(self, team: Team, ada: User) -> None:
        change(team, ada, price_micros=0, tier="medium")
        assert len(prices()) == 1

    def test_of_a_later_day_waits_for_it(self, team: Team, ada: User) -> None:
        tomorrow = today() + timedelta(days=1)
        assert change(team, ada, starts=tomorrow).price_micros == 0
        reconcile.tick(timezone.now())
        assert row().price_micros == 0
        reconcile.tick(timezone.now() + timedelta(days=1))
        assert (row().price_micros, row().price_from) == (5, tomorrow)
        assert catalogs.apply_due(now=timezone.now() + timedelta(days=2)) == 0

    def test_of_one_day_twice_takes_the_later_word(self, team: Team, ada: User) -> None:
        day = today() + timedelta(days=3)
        change(team, ada, starts=day)
        change(team, ada, starts=day, price_micros=7)
        assert catalogs.apply_due(now=timezone.now() + timedelta(days=4)) == 1
        assert row().price_micros == 7

    def test_to_unknown_switches_the_model_off_on_its_day(self, team: Team, ada: User) -> None:
        change(team, ada, starts=today() + timedelta(days=1), price_micros=None)
        catalogs.apply_due(now=timezone.now() + timedelta(days=1))
        assert (row().price_micros, row().is_enabled) == (None, False)

    def test_survives_the_next_sync(self, team: Team, ada: User) -> None:
        change(team, ada, starts=today() + timedelta(days=1))
        catalogs.sync()
        catalogs.apply_due(now=timezone.now() + timedelta(days=1))
        catalogs.sync()
        assert row().price_micros == 5

    @pytest.mark.parametrize(
        ("days", "says"), [(-1, "cannot begin in the past"), (800, "within two years")]
    )
    def test_refuses_days_that_cannot_be(self, team: Team, ada: User, days: int, says: str) -> None:
        with pytest.raises(BadParams) as caught:
            change(team, ada, starts=today() + timedelta(days=days))
        assert (caught.value.field, says in caught.value.text) == ("starts", True)
        assert [micros for micros, _ in prices()] == [0]

    def test_rows_are_never_rewritten(self, team: Team) -> None:
        with pytest.raises(AppendOnly):
            ModelPrice.objects.update(price_micros=1)
        with pytest.raises(AppendOnly):
            ModelPrice.objects.all().delete()


class TestPage:
    @pytest.fixture
    def staff(self, ada: User) -> User:
        ada.is_staff = True
        ada.save()
        return ada

    def test_shows_what_comes_and_what_was(self, client: Client, team: Team, staff: User) -> None:
        client.force_login(staff)
        day = today() + timedelta(days=9)
        address = reverse("model", args=[team.slug, row().pk])
        answer = client.post(
            address,
            {"tier": "low", "price": "1.25", "is_enabled": "on", "starts": day.isoformat(),
             "source": "their mail"},
            follow=True,
        )  # fmt: skip
        page = answer.content.decode()
        written = f"{day.day} {datetime(day.year, day.month, 1):%b} {day.year}"
        assert f"$1.25 from {written}" in page
        assert "their mail" in page
        assert row().price_micros == 0

    def test_says_what_is_wrong_with_a_day(self, client: Client, team: Team, staff: User) -> None:
        client.force_login(staff)
        address = reverse("model", args=[team.slug, row().pk])
        given = {"tier": "low", "price": "1", "is_enabled": "on", "starts": "soon"}
        assert (
            "Enter the day as 2026-12-31"
            in client.post(address, given, follow=True).content.decode()
        )
        past = client.post(address, {**given, "starts": "2020-01-01"}, follow=True)
        assert "cannot begin in the past" in past.content.decode()
