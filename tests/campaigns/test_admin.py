"""The admin's pages of money, letters and beliefs: staff may look, nobody may write."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from campaigns import models
from campaigns.actions import approvals, catalogs, spending, standing
from campaigns.admin import ReadOnly
from campaigns.models import AdSet, Approval, Event, Mail, Team, TeamBelief
from campaigns.models.choices import Ceiling
from tests import factories
from tests.campaigns import money

# What only actions write. Everything of money and audit stands here.
ONLY_READ = [
    "AdSet", "Approval", "Asset", "Attempt", "BudgetLine", "Campaign", "Candidate", "Event",
    "Export", "FaceConsent", "Gate", "Heartbeat", "Invitation", "LedgerEntry", "Mail", "Media",
    "Membership", "ModelPrice", "PlatformFile", "Quarantine",
    "RuleDay", "Snooze", "SpecVersion", "SpendDay", "StageRun", "StandingRule", "TeamBelief",
    "Waiver",
]  # fmt: skip
NEW = ["Snooze", "StandingRule", "RuleDay", "SpendDay", "Mail", "TeamBelief"]
SECRET = "the letter's own words"


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", "root@example.com", factories.PASSWORD)


@pytest.fixture
def rows(team: Team, mara: User, dana: User) -> dict[str, Model]:
    """One row of each, made as the product makes them wherever it does."""
    strict: AdSet = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
    factories.fund(strict.campaign, low=10_000_000, medium=10_000_000)
    standing.add(team=team, tier="low", day_micros=100, by=dana)
    run = money.start(strict, by=mara, maximum=60)
    spending.settle(attempt=run.attempts.get(), billed_micros=50)
    money.start(strict, by=mara, maximum=60, tier="medium")
    approvals.snooze(approval=Approval.objects.get(state="asked"), by=dana)
    Mail.objects.all().delete()
    Mail.objects.create(
        team=team, key="k", to="dana@example.com", subject="News", body=SECRET,
        due_at=timezone.now(),
    )  # fmt: skip
    TeamBelief.objects.create(team=team, stage="edit", blob="{}")
    return {name: getattr(models, name).objects.get() for name in NEW}


def address(row: Model, page: str) -> str:
    name = f"admin:campaigns_{type(row).__name__.lower()}_{page}"
    return reverse(name, args=[row.pk] if page in {"change", "delete", "history"} else [])


def values(row: Model) -> dict[str, Any]:
    return {field.name: field.value_from_object(row) for field in row._meta.concrete_fields}


def test_everything_of_money_and_audit_is_registered_and_read_only() -> None:
    read_only = {
        model.__name__ for model, page in admin.site._registry.items() if isinstance(page, ReadOnly)
    }
    assert read_only == set(ONLY_READ)


def test_a_teams_currency_is_chosen_once(client: Client, root: User, team: Team) -> None:
    client.force_login(root)
    address = reverse("admin:campaigns_team_change", args=[team.pk])
    form = client.get(address).context["adminform"].form
    assert "name" in form.fields
    assert "currency" not in form.fields
    asked = {name: form[name].value() for name in form.fields}
    empty = {"brand_colors": "[]"}
    kept = {name: value or empty.get(name, "") for name, value in asked.items()}
    sent = client.post(address, {**kept, "name": "Renamed", "currency": "EUR"})
    assert sent.status_code == 302, sent.context["errors"]
    team.refresh_from_db()
    assert (team.name, team.currency) == ("Renamed", "USD")
    event = Event.objects.get(verb="team.change")
    assert (event.by, event.before["name"], event.after["name"]) == (
        root, "Northwind Coffee", "Renamed",
    )  # fmt: skip


def test_what_asks_a_manager_is_not_changed_past_the_trail(
    client: Client, root: User, team: Team
) -> None:
    catalogs.sync()
    row = models.CatalogModel.objects.order_by("pk")[0]
    client.force_login(root)
    address = reverse("admin:campaigns_catalogmodel_change", args=[row.pk])
    fields = client.get(address).context["adminform"].form.fields
    assert not {"tier", "is_enabled", "price_micros"} & set(fields)


@pytest.mark.parametrize("name", NEW)
class TestStaff:
    def test_may_look(self, client: Client, root: User, rows: dict[str, Model], name: str) -> None:
        client.force_login(root)
        for page in ("changelist", "change"):
            answer = client.get(address(rows[name], page))
            assert answer.status_code == 200, page
            content = answer.content.decode()
            assert "Save and continue" not in content
            assert SECRET not in content

    def test_may_not_add_change_or_delete(
        self, client: Client, root: User, rows: dict[str, Model], name: str
    ) -> None:
        client.force_login(root)
        row = rows[name]
        before = values(row)
        assert client.get(address(row, "add")).status_code == 403
        assert client.post(address(row, "add"), {}).status_code == 403
        assert client.post(address(row, "change"), {"tries": "9"}).status_code == 403
        assert client.post(address(row, "delete"), {"post": "yes"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        client.post(address(row, "changelist"), chosen)
        assert values(type(row)._default_manager.get(pk=row.pk)) == before

    def test_only_staff_comes_in(
        self, client: Client, rows: dict[str, Model], dana: User, name: str
    ) -> None:
        client.force_login(dana)
        for page in ("changelist", "change"):
            answer = client.get(address(rows[name], page))
            assert answer.status_code == 302
            assert answer["Location"].startswith(reverse("admin:login"))


def test_many_letters_take_no_more_queries(
    client: Client, root: User, rows: dict[str, Model],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    client.force_login(root)
    listed = address(rows["Mail"], "changelist")
    with django_assert_num_queries(4):
        client.get(listed)
    for number in range(2):
        Mail.objects.create(
            team=rows["Mail"].team, key=f"k{number}", to="dana@example.com", subject="News",
            body=SECRET, due_at=timezone.now() + timedelta(minutes=number),
        )  # fmt: skip
    with django_assert_num_queries(4):
        client.get(listed)
