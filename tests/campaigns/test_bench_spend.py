"""`bin/bench spend` in small: it plays every way, and the gate grants exactly what fits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection

from campaigns.models import Approval, LedgerEntry, Team
from tests.bench import spend, spenders

COUNT, EACH = 2, 5

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch) -> Iterator[spend.Crew]:
    """Threads on PostgreSQL, processes on SQLite, as the bench takes them."""
    if connection.vendor == "postgresql":
        yield spend.by_threads
        return
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{connection.settings_dict['NAME']}")
    processes = spend.Processes(COUNT)
    yield processes
    processes.close()


def test_every_way_is_played_and_only_the_naive_one_may_overspend(
    crew: spend.Crew, team: Team, mara: User
) -> None:
    for part in spenders.PARTS:
        found = spend.rounds(part, crew, team, by=mara, count=COUNT, each=EACH, times=1)
        assert list(found) == ["gate", "lock", "naive"]
        for name in ("gate", "lock"):
            (one,) = found[name]
            assert (one.wanted, one.fits, one.granted, one.refused) == (10, 2, 2, 8), name
            assert (one.overspent_micros, one.off_micros, one.rejected) == (0, 0, 0), name
        lines = spend.table(found)
        assert len(lines) == 4
        assert "FOR UPDATE" in lines[2]


def test_the_whole_gate_leaves_ledger_rows_and_uses_approvals_up(
    crew: spend.Crew, team: Team, mara: User
) -> None:
    one = spend.play("whole", "gate", crew, team, by=mara, count=COUNT, each=EACH)
    assert one.granted == 2
    for kind in ("reserve", "settle"):
        assert LedgerEntry.objects.filter(kind=kind).count() == 2
    held = LedgerEntry.objects.filter(kind="reserve").values("attempt__run")
    used = Approval.objects.filter(used_at__isnull=False)
    assert used.count() == Approval.objects.filter(run__in=held).count()
