"""Rows from before money had months come out of the migrations with their lines, sums and asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps.registry import Apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from tests.campaigns.models.schema import empty_database, schema

BEFORE = ("campaigns", "0001_initial")
AFTER = ("campaigns", "0004_money_by_month_rules")
DECIDED = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def to(target: tuple[str, str]) -> Apps:
    MigrationExecutor(connection).migrate([target])
    return MigrationExecutor(connection).loader.project_state([target]).apps


@pytest.fixture
def newest() -> list[str]:
    """What the database of the tests has, which began empty."""
    return schema()


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Apps]:
    """A database of the first release, which came before the migration that replaces others."""
    with empty_database(tmp_path):
        executor = MigrationExecutor(connection)
        executor.loader = MigrationLoader(connection, replace_migrations=False)
        executor.migrate([BEFORE])
        yield executor.loader.project_state([BEFORE]).apps


class Old:
    """Writes rows as the release before would have."""

    def __init__(self, apps: Apps) -> None:
        self.apps = apps
        self.number = 0
        self.user = apps.get_model("auth", "User").objects.create(username="dana")

    def add(self, model: str, /, **values: Any) -> Any:
        return self.apps.get_model("campaigns", model).objects.create(**values)

    def team(self, name: str, currency: str = "USD") -> Any:
        return self.add("Team", name=name, slug=name.lower(), currency=currency)

    def campaign(self, team: Any, code: str) -> Any:
        return self.add("Campaign", team=team, name=code, code=code, created_by=self.user)

    def line(self, campaign: Any, tier: str, approved: int, reserved: int, settled: int) -> Any:
        return self.add(
            "BudgetLine", team=campaign.team, campaign=campaign, tier=tier,
            currency=campaign.team.currency, approved_micros=approved,
            reserved_micros=reserved, settled_micros=settled,
        )  # fmt: skip

    def run(self, campaign: Any, state: str = "done") -> Any:
        self.number += 1
        ad_set = self.add("AdSet", campaign=campaign, name=f"Set {self.number}")
        asset = self.add(
            "Asset", team=campaign.team, campaign=campaign, ad_set=ad_set, title="A", goal="B",
            token=f"asset-{self.number}", created_by=self.user,
        )  # fmt: skip
        return self.add(
            "StageRun", team=campaign.team, asset=asset, stage="generation",
            operation="compose", state=state, tier="low", model="m", model_label="M",
            candidate_count=1, seed=1, currency="USD", expected_micros=5, maximum_micros=9,
            token=f"run-{self.number}", requested_by=self.user,
        )  # fmt: skip

    def entry(self, line: Any, kind: str, amount: int) -> Any:
        self.number += 1
        return self.add(
            "LedgerEntry", line=line, kind=kind, amount_micros=amount, currency=line.currency,
            key=f"{kind}-{self.number}",
        )  # fmt: skip

    def approval(self, campaign: Any, state: str, amount: int, **values: Any) -> Any:
        if state != "asked":
            values = {"decided_by": self.user, "decided_at": DECIDED, **values}
        return self.add(
            "Approval", team=campaign.team, campaign=campaign, run=self.run(campaign),
            state=state, tier="low", amount_micros=amount, currency="USD", why="because",
            asked_by=self.user, **values,
        )  # fmt: skip


def sums(row: Any) -> tuple[Any, ...]:
    return (
        row.approved_micros, row.allocated_micros, row.reserved_micros, row.settled_micros,
        row.overrun_micros, row.carried_in_micros, row.carried_out_micros,
    )  # fmt: skip


@pytest.mark.slow
def test_old_rows_come_out_right(newest: list[str], old: Apps) -> None:
    """... and the first release's database ends like one that was made today."""
    rows = Old(old)
    _write_lines(rows)
    _write_requests(rows)
    started = timezone.now()
    apps = to(AFTER)
    _check_lines(apps)
    _check_requests(apps, started)
    call_command("migrate", verbosity=0)
    assert schema() == newest
    executor = MigrationExecutor(connection)
    assert not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _write_lines(rows: Old) -> None:
    north, south = rows.team("North"), rows.team("South", "EUR")
    spring, autumn = rows.campaign(north, "SPR"), rows.campaign(north, "AUT")
    other = rows.campaign(south, "OTH")
    low = rows.line(spring, "low", 100, 10, 70)
    rows.line(spring, "high", 50, 0, 50)
    rows.line(autumn, "low", 30, 5, 0)
    rows.line(other, "medium", 7, 0, 0)
    rows.entry(low, "reserve", 10)
    rows.entry(low, "correct", 12)
    rows.entry(low, "correct", 8)


def _check_lines(apps: Apps) -> None:
    line = apps.get_model("campaigns", "BudgetLine")
    month = timezone.now().date().replace(day=1)
    assert set(line.objects.values_list("period", flat=True)) == {month}
    found = {
        (row.team.name, row.campaign.code if row.campaign else "", row.tier): sums(row)
        for row in line.objects.select_related("team", "campaign")
    }
    assert found == {
        ("North", "SPR", "low"): (100, 0, 10, 70, 20, 0, 0),
        ("North", "SPR", "high"): (50, 0, 0, 50, 0, 0, 0),
        ("North", "SPR", ""): (150, 150, 10, 120, 20, 0, 0),
        ("North", "AUT", "low"): (30, 0, 5, 0, 0, 0, 0),
        ("North", "AUT", ""): (30, 30, 5, 0, 0, 0, 0),
        ("North", "", ""): (None, 0, 15, 120, 20, 0, 0),
        ("South", "OTH", "medium"): (7, 0, 0, 0, 0, 0, 0),
        ("South", "OTH", ""): (7, 7, 0, 0, 0, 0, 0),
        ("South", "", ""): (None, 0, 0, 0, 0, 0, 0),
    }
    assert set(line.objects.filter(team__name="South").values_list("currency", flat=True)) == {
        "EUR"
    }
    entries = apps.get_model("campaigns", "LedgerEntry").objects
    assert set(entries.values_list("team__name", flat=True)) == {"North"}
    assert entries.count() == 3


def _write_requests(rows: Old) -> None:
    campaign = rows.campaign(rows.team("West"), "WST")
    for state in ("asked", "approved", "declined", "withdrawn"):
        rows.approval(campaign, state, 40)


def _check_requests(apps: Apps, started: datetime) -> None:
    found = {row.state: row for row in apps.get_model("campaigns", "Approval").objects.all()}
    assert {row.asked_micros for row in found.values()} == {40}
    assert {row.amount_micros for row in found.values()} == {40}
    used = {state: row.used_at for state, row in found.items()}
    assert used == {"asked": None, "approved": DECIDED, "declined": None, "withdrawn": None}
    week = timedelta(days=7)
    assert started + week <= found["asked"].expires_at <= timezone.now() + week
