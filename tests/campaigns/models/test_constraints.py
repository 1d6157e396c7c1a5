"""What must always hold: each constraint refuses each way of breaking it, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from campaigns.models import (
    AdSet,
    Approval,
    Asset,
    AssetBase,
    Attempt,
    BudgetLine,
    Campaign,
    Candidate,
    CatalogModel,
    Export,
    ExportItem,
    FaceConsent,
    Finding,
    Gate,
    GoldenPrompt,
    LedgerEntry,
    Media,
    Membership,
    ModelPrice,
    PlatformFile,
    Quarantine,
    RuleDay,
    Snooze,
    SpecVersion,
    SpendDay,
    StageRun,
    StandingRule,
    Team,
    TeamBelief,
    VersionWatch,
    Waiver,
)
from tests import factories

NOW = timezone.now()

# model, constraint, values that break it. A callable value gets the row and gives the value.
BROKEN: list[tuple[type[models.Model], str, dict[str, Any]]] = [
    (Team, "team_gate_threshold_is_a_percentage", {"gate_threshold_percent": 101}),
    (Team, "team_review_rate_is_not_negative", {"review_rate_micros_per_hour": -1}),
    (Team, "team_baseline_is_a_time", {"baseline_hours": 0}),
    (Team, "team_explores_up_to_double", {"explore_percent": 101}),
    (VersionWatch, "only_what_alarmed_is_kept_out", {"kept_out": True}),
    (GoldenPrompt, "a_check_never_costs_less_than_nothing", {"cap_micros": -1}),
    (BudgetLine, "a_line_never_holds_less_than_nothing", {"reserved_micros": -1}),
    (BudgetLine, "a_line_never_settles_less_than_nothing", {"settled_micros": -1}),
    (BudgetLine, "a_line_never_exceeds_what_was_approved", {"reserved_micros": 1}),
    (BudgetLine, "a_line_never_exceeds_what_was_approved", {"settled_micros": 1}),
    (BudgetLine, "a_line_never_exceeds_what_was_approved", {"approved_micros": -1}),
    (BudgetLine, "a_line_never_exceeds_what_was_approved", {"carried_out_micros": 1}),
    (BudgetLine, "a_line_never_carries_less_than_nothing", {"carried_in_micros": -1}),
    (BudgetLine, "a_line_never_carries_less_than_nothing", {"carried_out_micros": -1}),
    (BudgetLine, "a_line_never_carries_less_than_nothing", {"overrun_micros": -1}),
    (BudgetLine, "tiers_never_exceed_their_campaign", {"allocated_micros": 1}),
    (BudgetLine, "a_team_line_has_no_tier", {"campaign": None}),
    (BudgetLine, "only_a_team_line_is_without_a_limit", {"approved_micros": None}),
    (Campaign, "a_campaign_never_asks_below_nothing", {"ask_above_micros": -1}),
    (StandingRule, "a_standing_rule_allows_something", {"day_micros": 0}),
    (StandingRule, "an_ended_rule_has_person_and_time", {"ended_at": NOW}),
    (StandingRule, "an_ended_rule_has_person_and_time", {"ended_by": "created_by"}),
    (RuleDay, "a_standing_rule_is_never_exceeded", {"used_micros": 11}),
    (RuleDay, "a_standing_rule_is_never_exceeded", {"used_micros": -1}),
    (CatalogModel, "an_enabled_model_has_a_price", {"is_enabled": True, "price_micros": None}),
    (CatalogModel, "a_price_is_not_negative", {"price_micros": -1}),
    (ModelPrice, "a_price_of_a_day_is_not_negative", {"price_micros": -1}),
    (CatalogModel, "an_approval_prior_is_a_chance", {"approval_prior": 0}),
    (CatalogModel, "an_approval_prior_is_a_chance", {"approval_prior": 1}),
    (Media, "a_clip_has_a_duration_and_a_still_has_none", {"kind": "clip"}),
    (Media, "a_clip_has_a_duration_and_a_still_has_none", {"duration_s": 6.0}),
    (Media, "a_clip_has_a_duration_and_a_still_has_none", {"kind": "sound", "duration_s": 6.0}),
    (StageRun, "a_run_never_expects_more_than_its_maximum", {"expected_micros": 1}),
    (StageRun, "a_run_has_at_least_one_candidate", {"candidate_count": 0}),
    (Attempt, "an_attempt_at_the_provider_has_its_reference",
     {"state": "submitted", "provider_ref": ""}),
    (Attempt, "an_attempt_at_the_provider_has_its_reference",
     {"state": "fetching", "provider_ref": ""}),
    (Attempt, "a_settled_attempt_has_its_amount", {"state": "settled", "settled_micros": None}),
    (Candidate, "a_judged_candidate_has_its_time", {"verdict": "kept"}),
    (Candidate, "a_judged_candidate_has_its_time", {"verdict": "spare"}),
    (Candidate, "a_judged_candidate_has_its_time", {"verdict": "rejected"}),
    (Candidate, "a_judged_candidate_has_its_time", {"judged_at": NOW}),
    (Candidate, "only_a_rejected_candidate_has_a_defect", {"defect": "hands"}),
    (Candidate, "only_a_rejected_candidate_has_a_defect",
     {"defect": "hands", "verdict": "kept", "judged_at": NOW}),
    (Gate, "a_gate_percentage_is_at_most_a_hundred", {"percent": 101}),
    (Gate, "a_gate_percentage_is_at_most_a_hundred", {"threshold": 101}),
    (Approval, "a_decided_approval_has_person_and_time", {"state": "approved"}),
    (Approval, "a_decided_approval_has_person_and_time", {"decided_at": NOW}),
    (Approval, "a_decided_approval_has_person_and_time", {"decided_by": "asked_by"}),
    (Approval, "a_decided_approval_has_person_and_time", {"state": "declined", "decided_at": NOW}),
    (Approval, "a_decided_approval_has_person_and_time",
     {"state": "withdrawn", "decided_by": "asked_by"}),
    (Approval, "a_decided_approval_has_person_and_time", {"state": "expired"}),
    (Approval, "a_decided_approval_has_person_and_time",
     {"state": "expired", "decided_at": NOW, "decided_by": "asked_by"}),
    (Approval, "only_an_approval_is_used", {"used_at": NOW}),
    (Approval, "an_approval_covers_at_most_what_was_asked", {"amount_micros": 1}),
    (Approval, "an_approval_covers_at_most_what_was_asked", {"amount_micros": -1}),
    (Export, "a_ready_package_has_its_file", {"state": "ready"}),
    (Export, "a_ready_package_has_its_file", {"state": "ready", "file": "a.zip"}),
    (Export, "a_ready_package_has_its_file", {"state": "ready", "sha256": "a" * 64}),
    (StageRun, "a_face_swap_has_its_consent_and_nothing_else_has", {"operation": "face_swap"}),
    (FaceConsent, "a_consent_ends_after_it_begins", {"valid_until": NOW.date()}),
    (FaceConsent, "a_consent_names_person_and_purpose", {"person_name": ""}),
    (FaceConsent, "a_consent_names_person_and_purpose", {"covers": ""}),
    (FaceConsent, "a_revoked_consent_has_person_time_and_reason", {"revoked_at": NOW}),
    (FaceConsent, "a_revoked_consent_has_person_time_and_reason", {"revoked_by": "recorded_by"}),
    (FaceConsent, "a_revoked_consent_has_person_time_and_reason", {"revoke_reason": "Because"}),
    (FaceConsent, "a_revoked_consent_has_person_time_and_reason",
     {"revoked_at": NOW, "revoked_by": "recorded_by"}),
    (FaceConsent, "a_release_has_its_type_and_hash", {"release": "a.pdf"}),
    (FaceConsent, "a_release_has_its_type_and_hash", {"release_type": "application/pdf"}),
    (FaceConsent, "a_release_has_its_type_and_hash", {"release_sha256": "a" * 64}),
    (SpecVersion, "a_spec_version_in_force_was_used", {"used_at": None}),
    (Waiver, "a_waiver_has_a_reason", {"reason": ""}),
]  # fmt: skip

# A second row like the first, but for its key: refused by the unique constraint of that name.
DOUBLED: list[tuple[type[models.Model], str, dict[str, Any]]] = [
    (Campaign, "a_campaign_code_is_unique_in_its_team", {}),
    (AdSet, "an_ad_set_name_is_unique_in_its_campaign", {}),
    (Membership, "a_member_holds_a_role_once", {}),
    (BudgetLine, "one_line_a_campaign_tier_and_month", {}),
    (BudgetLine, "one_line_a_team_and_month", {"campaign": None, "tier": ""}),
    (SpendDay, "one_sum_a_day_and_kind_of_work", {}),
    (TeamBelief, "one_belief_a_team_and_stage", {}),
    (VersionWatch, "one_watch_a_version_and_stage", {}),
    (RuleDay, "one_row_a_rule_campaign_and_day", {}),
    (Snooze, "one_snooze_a_request_and_person", {}),
    (AssetBase, "one_base_a_position", {}),
    (StageRun, "an_asset_has_one_open_run", {"token": "another"}),
    (Attempt, "one_attempt_a_number", {"key": "another"}),
    (Candidate, "one_candidate_a_position", {}),
    (Finding, "one_finding_a_name", {}),
    (PlatformFile, "one_platform_file_a_source_platform_and_kind", {}),
    (ExportItem, "an_asset_is_packed_once", {}),
    (Quarantine, "one_file_kept_aside_per_attempt_and_position", {}),
    (SpecVersion, "one_spec_version_a_name", {"is_in_force": False}),
    (SpecVersion, "one_spec_version_in_force_a_platform", {"version": "2"}),
    (Waiver, "one_waiver_a_limit_of_the_same_bytes", {}),
]


@pytest.fixture
def rows(team: Team, ad_set: AdSet, mara: User) -> dict[type[models.Model], models.Model]:
    """One sound row of every model that has a constraint, made without any imaging."""
    asset = factories.asset(ad_set, by=mara)
    run = factories.open_run(asset)
    attempt = run.attempts.get()
    media = Media.objects.create(
        team=team, origin="output", kind="still", file="a.png", content_type="image/png",
        sha256="0" * 64, size_bytes=1, width=1, height=1,
    )  # fmt: skip
    candidate = Candidate.objects.create(
        team=team, asset=asset, run=run, attempt=attempt, position=0, seed=1, media=media
    )
    export = Export.objects.create(
        team=team, campaign=ad_set.campaign, name="a.zip", token="e", requested_by=mara
    )
    approval = Approval.objects.create(
        team=team, campaign=ad_set.campaign, run=run, tier="low", amount_micros=0,
        asked_micros=0, currency="USD", why="because", asked_by=mara, expires_at=NOW,
    )  # fmt: skip
    rule = StandingRule.objects.create(
        team=team, tier="low", day_micros=10, currency="USD", created_by=mara
    )
    day = RuleDay.objects.create(
        rule=rule, campaign=ad_set.campaign, day=NOW.date(), limit_micros=10
    )
    file = PlatformFile.objects.create(
        team=team, asset=asset, source=candidate, platform="reels", kind="still",
        spec_id="s", spec_version="1",
    )  # fmt: skip
    made: list[models.Model] = [
        team, ad_set, ad_set.campaign, run, attempt, media, candidate, export,
        team.memberships.order_by("pk")[0],
        factories.tier_line(ad_set.campaign),
        CatalogModel.objects.order_by("pk")[0],
        ModelPrice.objects.order_by("pk")[0],
        AssetBase.objects.create(asset=asset, media=media, position=0),
        Finding.objects.create(
            candidate=candidate, name="n", label="l", value_text="v", verdict="info", origin="o"
        ),
        Gate.objects.create(
            asset=asset, run=run, candidate=candidate, sha256="0" * 64, stage="generation",
            percent=80, threshold=80, passed=True, decided_by=mara, decided_at=NOW,
        ),
        approval, rule, day,
        TeamBelief.objects.create(team=team, stage="edit", blob="b"),
        VersionWatch.objects.create(
            team=team, stage="edit", model="m", version="1", trusted_at=timezone.now()
        ),
        GoldenPrompt.objects.create(
            team=team, asset=asset, reference=run, stage="edit", model="m", version="1",
            operation="outpaint", label="M", seed=1, cap_micros=0, created_by=mara,
        ),
        Snooze.objects.create(approval=approval, person=mara, until=NOW),
        SpendDay.objects.create(
            team=team, campaign=ad_set.campaign, ad_set=ad_set, person=mara, day=NOW.date(),
            stage="edit", tier="low", model="m", model_label="M",
        ),
        file,
        Waiver.objects.create(
            team=team, platform_file=file, key="k", value_text="v", sha256="0" * 64,
            reason="because", by=mara,
        ),
        SpecVersion.objects.create(
            platform="reels", version="1", data={}, by=mara, used_at=NOW, is_in_force=True
        ),
        Quarantine.objects.create(
            team=team, attempt=attempt, position=0, file="a.bin", size_bytes=1,
            sha256="0" * 64, reason="because",
        ),
        FaceConsent.objects.create(
            team=team, face=media, person_name="P", covers="C", recorded_by=mara,
            valid_from=NOW.date() + timedelta(days=1), recorded_at=NOW,
            valid_until=NOW.date() + timedelta(days=2),
        ),
        ExportItem.objects.create(
            export=export, asset=asset, candidate=candidate, sha256="0" * 64
        ),
        attempt.entries.get(),
    ]  # fmt: skip
    return {type(row): row for row in made}


@pytest.mark.parametrize(
    ("model", "name", "values"),
    BROKEN,
    ids=[f"{name}-{'-'.join(values)}-{at}" for at, (_, name, values) in enumerate(BROKEN)],
)
def test_a_row_that_breaks_it_is_refused(
    rows: dict[type[models.Model], models.Model],
    model: type[models.Model],
    name: str,
    values: dict[str, Any],
) -> None:
    row = rows[model]
    values = {
        key: getattr(row, value) if isinstance(value, str) and hasattr(row, value) else value
        for key, value in values.items()
    }
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        model._base_manager.filter(pk=row.pk).update(**values)


@pytest.mark.parametrize(("model", "name", "values"), DOUBLED, ids=[row[1] for row in DOUBLED])
def test_a_second_row_is_refused(
    rows: dict[type[models.Model], models.Model],
    model: type[models.Model],
    name: str,
    values: dict[str, Any],
) -> None:
    twin = model._default_manager.get(pk=rows[model].pk)
    twin.pk = None
    for key, value in values.items():
        setattr(twin, key, value)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        twin.save(force_insert=True)
    unique = next(one for one in model._meta.constraints if one.name == name)
    sqlite = f"{model._meta.db_table}.{model._meta.get_field(unique.fields[-1]).column}"
    assert name in str(caught.value) or sqlite in str(caught.value)


def test_a_negative_amount_is_refused_unless_it_corrects(
    rows: dict[type[models.Model], models.Model],
) -> None:
    entry = rows[LedgerEntry]
    assert isinstance(entry, LedgerEntry)
    values = {"team": entry.team, "line": entry.line, "amount_micros": -1, "currency": "USD"}
    for kind in ("reserve", "settle", "release"):
        with pytest.raises(IntegrityError, match="only_a_correction"), transaction.atomic():
            LedgerEntry.objects.create(kind=kind, key=f"k-{kind}", **values)
    LedgerEntry.objects.create(kind="correct", key="k-correct", **values)
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(kind="correct", key="k-correct", **values)


def test_ended_runs_leave_room_for_one_open_run(
    rows: dict[type[models.Model], models.Model],
) -> None:
    run = rows[StageRun]
    StageRun.objects.filter(pk=run.pk).update(state="failed")
    for number, state in enumerate(["declined", "cancelled", "done", "review"]):
        twin = StageRun.objects.get(pk=run.pk)
        twin.pk, twin.token, twin.state = None, f"t-{number}", state
        twin.save(force_insert=True)
    assert Asset.objects.get().runs.count() == 5


def test_every_constraint_is_tested() -> None:
    named = {
        constraint.name
        for model in apps.get_app_config("campaigns").get_models()
        for constraint in model._meta.constraints
    }
    tested = {name for _, name, _ in (*BROKEN, *DOUBLED)} | {"only_a_correction_may_be_negative"}
    assert named == tested
