"""Every team address: strangers see nothing, members without the role change nothing, GET never.

The addresses are read from the URL table, so a new one is walked as soon as it exists.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.actions import standing
from campaigns.models import (
    AdSet,
    Approval,
    Candidate,
    CatalogModel,
    Export,
    FaceConsent,
    GoldenPrompt,
    Heartbeat,
    PlatformFile,
    Quarantine,
    SpecVersion,
    StageRun,
    Team,
    VersionWatch,
)
from campaigns.models.choices import Ceiling, Role
from campaigns.queries import spec_versions
from campaigns.urls import TEAM
from tests import factories

NAMES = [pattern.name for pattern in TEAM]
ROUTES = {pattern.name: str(pattern.pattern) for pattern in TEAM}
WITH_OBJECT = [name for name, route in ROUTES.items() if "<int:pk>" in route]
# The catalog belongs to the installation, not to a team; only its staff may change it.
OF_THE_INSTALLATION = {"model", "spec_version"}

# Not found; or the method is refused before anybody is looked at, which tells nobody anything.
NOT_HERE = {404, 405}

# Who lacks the role for it, and what a person with the role would send.
FORBIDDEN: dict[str, tuple[str, dict[str, str]]] = {
    "board_move": ("dana", {"ids": "{asset}", "direction": "back"}),
    "campaign_new": ("ben", {"name": "Ours", "ceiling": "high", "ad_sets": "One"}),
    "campaign": ("ben", {"action": "archive", "ceiling": "high", "archived": "1"}),
    "ad_set_add": ("ben", {"name": "Another"}),
    "brief": ("cleo", {"title": "T", "goal": "G"}),
    "brief_plan": ("cleo", {"title": "T", "goal": "G"}),
    "upload": ("cleo", {}),
    "asset_run": ("dana", {"operation": "compose_type", "token": "a-token-of-a-page"}),
    "asset_pick": ("dana", {"x": "0.5", "y": "0.5"}),
    "asset_skip": ("dana", {}),
    "asset_archive": ("dana", {}),
    "qa_pass": ("dana", {"met": "crop"}),
    "qa_declare": ("dana", {"answer": "none"}),
    "crop": (
        "dana",
        {"left": "0", "top": "0", "width": "200", "seen": "1", "action": "everywhere"},
    ),
    "crop_marks": ("dana", {"mark-seen": "1"}),
    "file_mend": ("dana", {"key": "banding", "seen": "1"}),
    "file_waive": ("mara", {"key": "banding", "reason": "It is meant to look so."}),
    "run_cancel": ("dana", {}),
    "review_judge": ("dana", {"candidate": "{candidate}", "verdict": "rejected"}),
    "review_approve": ("dana", {"candidate": "{candidate}", "met": "composition"}),
    "review_reject": ("dana", {}),
    "review_undo": ("dana", {}),
    "export_new": ("cleo", {"assets": "{asset}", "platforms": "reels", "token": "t"}),
    "export_retry": ("cleo", {}),
    "budget_set": ("mara", {"total": "9", "low": "3", "medium": "3", "high": "3"}),
    "budget_month": ("mara", {"month": "100"}),
    "budget_freeze": ("mara", {"freeze": "1"}),
    "invoice": ("mara", {}),
    "invoice_book": ("mara", {"sealed": "x"}),
    "invoice_csv": ("mara", {"sealed": "x"}),
    "budget_rules": ("mara", {"tier": "high", "day": "100"}),
    "budget_rule_end": ("mara", {}),
    "unsettled_decide": ("mara", {"decision": "billed", "reason": "Invoice 7"}),
    "approval_decide": ("mara", {"decision": "approve"}),
    "approvals_decide": ("mara", {"decision": "approve", "approvals": "{approval}"}),
    "approvals_snooze": ("mara", {"approvals": "{approval}"}),
    "approvals_wake": ("mara", {"approvals": "{approval}"}),
    "approval_less": ("mara", {"count": "1", "model": "local-type", "seen_micros": "0"}),
    "watch_decide": ("mara", {"decision": "keep_out"}),
    "consents": (
        "ben",
        {"person_name": "P", "covers": "C", "valid_from": "2026-01-01", "is_agreed": "on"},
    ),
    "consent_revoke": ("mara", {"reason": "Hers"}),
    "golden_add": ("mara", {"run": "{run}", "every": "7", "cap": "0"}),
    "golden_check": ("dana", {"token": "a-token-of-a-page"}),
    "golden_end": ("mara", {}),
    "people_invite": ("mara", {"email": "new@example.com", "roles": "admin"}),
    "people_roles": ("mara", {"roles": "admin"}),
    "team_settings": (
        "mara",
        {
            "name": "Mine",
            "gate_threshold_percent": "10",
            "review_rate": "40",
            "brand_colors": "#112233",
            "name_pattern": "{brand}_{platform}_{code}",
        },
    ),
    "key_try": ("mara", {}),
    "spec_copy": ("ada", {}),
    "spec_version": ("ada", {"action": "use"}),
    "model": ("ada", {"tier": "low", "price": "0", "is_enabled": "on"}),
}


@dataclass(frozen=True)
class Ours:
    """One row of everything, and who works on it."""

    team: Team
    rows: dict[str, int]
    people: dict[str, User]

    def address(self, name: str, slug: str = "") -> str:
        """The address called `name` for our rows, also under another team's slug."""
        arguments: dict[str, object] = {"slug": slug or self.team.slug}
        if "<int:pk>" in ROUTES[name]:
            arguments["pk"] = self.rows[row_of(name)]
        if "<slug:variant>" in ROUTES[name]:
            arguments["variant"] = "file"
        if "<path:name>" in ROUTES[name]:
            arguments["name"] = "contact_sheet.html"
        if "<slug:provider>" in ROUTES[name]:
            arguments["provider"] = "fal"
        if "<slug:platform>" in ROUTES[name]:
            arguments["platform"] = "reels"
        if "<slug:stage>" in ROUTES[name]:
            arguments["stage"] = "generation"
        return reverse(name, kwargs=arguments)

    def sent(self, values: dict[str, str]) -> dict[str, str]:
        """Values of a form; "{asset}" stands for our asset's number, and so on."""
        return {key: str(self.rows.get(value.strip("{}"), value)) for key, value in values.items()}


def row_of(name: str) -> str:
    """Whose primary key stands in an address, by the address's first part."""
    parts = ROUTES[name].split("/")
    first = "/".join(parts[:2]) if parts[0] == "budget" else parts[0]
    return {
        "campaigns": "campaign",
        "media": "media",
        "assets": "asset",
        "files": "file",
        "runs": "run",
        "review": "run",
        "exports": "export",
        "budget/campaigns": "campaign",
        "budget/lines": "line",
        "budget/rules": "rule",
        "budget/unsettled": "attempt",
        "approvals": "approval",
        "people": "person",
        "models": "model",
        "limits": "limits",
        "watch": "watch",
        "golden": "golden",
        "consents": "consent",
        "quarantine": "quarantine",
    }[first]


def let_go(answer: HttpResponseBase) -> None:
    """Close the file of an answer. `answer.close()` would close the database as well."""
    for close in answer._resource_closers:
        close()


@pytest.fixture
def ours(
    team: Team, mara: User, cleo: User, dana: User, ben: User, ada: User, ad_set: AdSet
) -> Ours:
    photo = factories.photo(team, by=mara)
    asset = factories.asset(ad_set, by=mara)
    run = factories.open_run(asset)
    StageRun.objects.filter(pk=run.pk).update(state="review")
    candidate = Candidate.objects.create(
        team=team, asset=asset, run=run, attempt=run.attempts.get(), position=0, seed=1,
        media=photo,
    )  # fmt: skip
    today = timezone.now().date()
    asking = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE, name="Asking")
    factories.asset(asking, by=mara)
    rows = {
        "campaign": ad_set.campaign_id,
        "media": photo.pk,
        "asset": asset.pk,
        "run": run.pk,
        "candidate": candidate.pk,
        "attempt": run.attempts.get().pk,
        "file": PlatformFile.objects.create(
            team=team, asset=asset, source=candidate, platform="reels", kind="still",
            spec_id="reels", spec_version="1",
        ).pk,
        "export": Export.objects.create(
            team=team, campaign=ad_set.campaign, name="a.zip", token="e", requested_by=ben,
            state="failed",
        ).pk,
        "line": factories.tier_line(ad_set.campaign).pk,
        "approval": Approval.objects.get().pk,
        "rule": standing.add(team=team, tier="low", day_micros=1, by=dana).pk,
        "watch": VersionWatch.objects.create(
            team=team, stage="edit", model="m", version="1", label="M", trusted_at=timezone.now(),
        ).pk,
        "golden": GoldenPrompt.objects.create(
            team=team, asset=asset, reference=run, stage="generation", model=run.model,
            operation=run.operation, version="1", label="M", seed=1, cap_micros=0, created_by=ada,
        ).pk,
        "consent": FaceConsent.objects.create(
            team=team, face=photo, person_name="Eileen", covers="Ads", valid_from=today,
            valid_until=today, recorded_by=mara, recorded_at=timezone.now(),
        ).pk,
        "quarantine": Quarantine.objects.create(
            team=team, attempt=run.attempts.get(), position=0, file="aside.bin", size_bytes=1,
            sha256="0" * 64, reason="What came is neither a picture nor a clip.",
        ).pk,
        "limits": SpecVersion.objects.create(
            platform="reels", version="1-draft", data=spec_versions.shipped("reels"), by=ada,
        ).pk,
        "person": cleo.pk,
        "model": CatalogModel.objects.order_by("pk")[0].pk,
    }  # fmt: skip
    people = {"mara": mara, "cleo": cleo, "dana": dana, "ben": ben, "ada": ada}
    return Ours(team, rows, people)


def everything() -> dict[str, list[tuple[object, ...]]]:
    """Every row of the app, to see whether one changed. Claims of a batch are not a change."""
    claims = {"claimed_by", "claimed_until", "review_opened_at"}
    return {
        model.__name__: sorted(
            model._default_manager.values_list(
                *(field.name for field in model._meta.concrete_fields if field.name not in claims)
            ),
            key=repr,
        )
        for model in apps.get_app_config("campaigns").get_models()
        if model is not Heartbeat
    }


def test_every_address_is_walked() -> None:
    assert len(NAMES) == len(set(NAMES)) > 40
    for name in WITH_OBJECT:
        assert row_of(name)


def test_another_team_gets_404_for_everything(client: Client, ours: Ours, otto: User) -> None:
    client.force_login(otto)
    before = everything()
    for name in NAMES:
        for answer in (client.get(ours.address(name)), client.post(ours.address(name))):
            assert answer.status_code in NOT_HERE, name
    assert everything() == before


def test_our_rows_are_not_found_below_another_teams_address(
    client: Client, ours: Ours, otto: User
) -> None:
    client.force_login(otto)
    slug = otto.memberships.order_by("pk")[0].team.slug
    before = everything()
    for name in WITH_OBJECT:
        if name in OF_THE_INSTALLATION:
            continue
        address = ours.address(name, slug)
        sent = ours.sent(FORBIDDEN.get(name, ("", {}))[1])
        for answer in (client.get(address), client.post(address, sent)):
            assert answer.status_code in NOT_HERE, name
        assert client.post(address, sent, HTTP_ACCEPT="application/json").status_code in NOT_HERE
    assert everything() == before


def test_our_rows_named_in_a_form_are_not_found_either(
    client: Client, ours: Ours, otto: User
) -> None:
    client.force_login(otto)
    slug = otto.memberships.order_by("pk")[0].team.slug
    before = everything()
    for name in (
        "board_move",
        "export_new",
        "brief",
        "brief_plan",
        "approvals_decide",
        "approvals_snooze",
        "approvals_wake",
        "consents",
    ):
        _, sent = FORBIDDEN[name]
        values = ours.sent(sent) | {
            "ad_set": ours.rows["campaign"], "campaign": ours.rows["campaign"],
            "bases": ours.rows["media"], "photos": ours.rows["media"], "platforms": "reels",
        }  # fmt: skip
        answer = client.post(reverse(name, args=[slug]), values, HTTP_ACCEPT="application/json")
        assert answer.status_code in {404, 409, 422, 200}, name
        assert b"Pour-over" not in answer.content, name
    assert everything() == before


def test_a_person_who_left_sees_nothing(client: Client, ours: Ours) -> None:
    mara = ours.people["mara"]
    client.force_login(mara)
    mara.memberships.all().delete()
    for name in NAMES:
        assert client.get(ours.address(name)).status_code in NOT_HERE, name


def test_nobody_in_particular_is_sent_to_sign_in(client: Client, ours: Ours) -> None:
    before = everything()
    for name in NAMES:
        for answer in (client.get(ours.address(name)), client.post(ours.address(name))):
            if answer.status_code == 405:
                continue  # the method is refused before the person is asked for
            assert answer.status_code == 302, name
            assert answer["Location"].startswith(reverse("login")), name
    assert everything() == before


def test_every_address_that_writes_has_somebody_who_may_not(client: Client, ours: Ours) -> None:
    client.force_login(ours.people["ada"])
    writing = set()
    for name in NAMES:
        answer = client.get(ours.address(name))
        let_go(answer)
        if answer.status_code == 405:
            writing.add(name)
    assert writing <= set(FORBIDDEN), writing - set(FORBIDDEN)


@pytest.mark.parametrize("name", list(FORBIDDEN))
def test_a_member_without_the_role_changes_nothing(client: Client, ours: Ours, name: str) -> None:
    who, values = FORBIDDEN[name]
    client.force_login(ours.people[who])
    before = everything()
    address, sent = ours.address(name), ours.sent(values)
    answer = client.post(address, sent, HTTP_ACCEPT="application/json")
    if name == "board_move":
        outcomes = {one["outcome"] for one in answer.json()["results"]}
        assert outcomes <= {"refused", "gate"}
    else:
        assert answer.status_code in {403, 302}, (answer.status_code, answer.content[:300])
    client.post(address, sent)
    assert everything() == before


def test_looking_changes_nothing(client: Client, ours: Ours) -> None:
    everybody = factories.member(ours.team, "Eve", *Role)
    client.force_login(everybody)
    before = everything()
    for name in NAMES:
        for method in (client.get, client.head):
            answer = method(ours.address(name))
            let_go(answer)
            assert answer.status_code in {200, 204, 302, 404, 405, 409, 422}, name
            assert everything() == before, name
