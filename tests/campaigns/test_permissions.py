"""Each role may do exactly what stands here, and each ability has its pair of functions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns import permissions
from campaigns.actions import approvals, budgets
from campaigns.models import AdSet, Approval, StageRun, Team
from campaigns.models.choices import Ceiling, Role
from campaigns.queries import access
from tests import factories

# Written out on purpose: whoever changes the table has to change this one too.
MAY = {
    "marketer": {"see", "brief", "run", "judge", "export", "set_up_campaign", "record_consent"},
    "curator": {"see", "run", "judge", "trust_models"},
    "manager": {
        "see", "approve_spend", "set_budget", "set_up_campaign", "see_trail", "trust_models",
        "record_consent", "revoke_consent", "open_quarantine", "waive",
    },
    "buyer": {"see", "export"},
    "admin": {
        "see", "brief", "run", "judge", "export", "set_up_campaign",
        "manage_people", "manage_models", "manage_team", "see_trail", "trust_models",
        "revoke_consent", "open_quarantine",
    },
}  # fmt: skip


def test_the_roles_are_those_that_members_hold() -> None:
    assert set(MAY) == set(Role.values) == set(permissions.ROLE_WORDS)


def test_every_ability_has_its_pair_and_no_pair_is_without_one() -> None:
    pairs = {name.removeprefix("can_") for name in dir(permissions) if name.startswith("can_")}
    checks = {
        name.removeprefix("check_can_")
        for name in dir(permissions)
        if name.startswith("check_can_")
    }
    assert pairs == checks == set(permissions.ABILITIES)


@pytest.mark.parametrize("role", MAY)
@pytest.mark.parametrize("ability", permissions.ABILITIES)
def test_a_role_gets_exactly_what_the_table_says(ability: str, role: str) -> None:
    can = getattr(permissions, f"can_{ability}")
    check = getattr(permissions, f"check_can_{ability}")
    allowed = ability in MAY[role]
    assert can({role}) is permissions.can(ability, {role}) is allowed
    if allowed:
        assert check({role}) is None
        return
    with pytest.raises(permissions.NotAllowed) as refused:
        check({role})
    with pytest.raises(permissions.NotAllowed) as generic:
        permissions.check(ability, {role})
    assert refused.value.text == generic.value.text
    assert permissions.ABILITIES[ability][1] in refused.value.text
    assert refused.value.text.endswith("Nothing was changed.")


@pytest.mark.parametrize("ability", permissions.ABILITIES)
def test_without_a_role_nothing_is_allowed(ability: str) -> None:
    for roles in (set(), {"owner"}, {""}):
        assert not getattr(permissions, f"can_{ability}")(roles)


@pytest.mark.parametrize("first", MAY)
@pytest.mark.parametrize("second", MAY)
def test_two_roles_allow_what_either_allows(first: str, second: str) -> None:
    allowed = {
        ability
        for ability in permissions.ABILITIES
        if getattr(permissions, f"can_{ability}")({first, second})
    }
    assert allowed == MAY[first] | MAY[second]


class TestSeveralRolesOfOnePerson:
    def test_a_manager_who_also_writes_briefs_asks_and_another_decides(
        self, client: Client, team: Team
    ) -> None:
        both = factories.member(team, "Mia", Role.MARKETER, Role.MANAGER)
        other = factories.member(team, "Max", Role.MANAGER)
        assert access.roles(both, team) == {"marketer", "manager"}
        strict: AdSet = factories.ad_set(team, by=both, ceiling=Ceiling.NONE)
        factories.fund(strict.campaign, low=1_000_000)
        factories.asset(strict, by=both)
        approval = Approval.objects.get()
        with pytest.raises(permissions.NotAllowed, match="another manager"):
            approvals.decide(approval=approval, approve=True, by=both)
        approvals.decide(approval=approval, approve=True, by=other)
        assert StageRun.objects.get().state == "queued"
        client.force_login(both)
        assert client.get(reverse("brief", args=[team.slug])).status_code == 200
        assert client.get(reverse("budget_rules", args=[team.slug])).status_code == 200

    def test_a_role_that_was_taken_away_ends_at_once(self, team: Team, ad_set: AdSet) -> None:
        both: User = factories.member(team, "Mia", Role.MARKETER, Role.MANAGER)
        none = dict.fromkeys(("low", "medium", "high"), 0)
        budgets.set_campaign(campaign=ad_set.campaign, total_micros=0, tiers=none, by=both)
        team.memberships.get(user=both, role=Role.MANAGER).delete()
        with pytest.raises(permissions.NotAllowed, match="Ask a manager"):
            budgets.set_campaign(campaign=ad_set.campaign, total_micros=0, tiers=none, by=both)


def test_nobody_asks_by_a_name_in_quotes() -> None:
    package = Path(permissions.__file__).parent
    asks = re.compile(r"permissions\.(?:can|check)\(")
    found = [str(path) for path in package.rglob("*.py") if asks.search(path.read_text())]
    assert found == []
