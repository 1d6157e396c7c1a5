"""An admin page for everything. Ledger and audit trail can be read, never changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest

from campaigns import models
from campaigns.actions import events


class ReadOnly(admin.ModelAdmin):
    """Rows that only actions write: looking is all."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


class SetUp(admin.ModelAdmin):
    """Rows that staff may mend; nothing that money or audit points to can be deleted."""

    list_per_page = 50

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Archive instead."""
        return False


def _values(pk: int | None) -> dict[str, Any]:
    """A team's columns as they are stored; nothing for a new one."""
    row = models.Team.objects.filter(pk=pk or 0).first()
    return {} if row is None else {f.name: getattr(row, f.attname) for f in row._meta.fields}


def _plain(value: Any) -> Any:
    """A value as JSON takes it."""
    return value if isinstance(value, int | float | str | bool | list | None) else str(value)


@admin.register(models.Team)
class TeamAdmin(SetUp):
    list_display = ("name", "slug", "currency", "created_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The trail keeps what was changed here as well."""
        with transaction.atomic():
            before = _values(obj.pk)
            super().save_model(request, obj, form, change)
            after = _values(obj.pk)
            names = [name for name in after if before.get(name) != after[name]]
            events.record(
                team=obj,
                verb="team.change" if change else "team.create",
                subject="team",
                subject_id=obj.pk,
                by=request.user,  # type: ignore[arg-type]
                before={name: _plain(before.get(name)) for name in names} if change else {},
                after={name: _plain(after[name]) for name in names} if change else {},
            )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A team's budgets and ledger are kept in its currency, so it stays what it was."""
        return ("currency",) if obj else ()


@admin.register(models.Membership)
class MembershipAdmin(ReadOnly):
    """Roles are given on the People page, where the trail keeps them."""

    list_display = ("user", "team", "role")
    list_filter = ("role",)
    list_select_related = ("user", "team")


@admin.register(models.Campaign)
class CampaignAdmin(ReadOnly):
    """Ceiling, threshold and budget are set on their pages, where the trail keeps them."""

    list_display = ("name", "team", "code", "ceiling", "archived_at")
    list_select_related = ("team",)


@admin.register(models.AdSet)
class AdSetAdmin(ReadOnly):
    list_display = ("name", "campaign", "locale")
    list_select_related = ("campaign",)


@admin.register(models.Asset)
class AssetAdmin(ReadOnly):
    list_display = ("title", "team", "stage", "creative_code", "touched_at")
    list_filter = ("stage",)
    search_fields = ("title", "creative_code")
    list_select_related = ("team",)


@admin.register(models.StageRun)
class StageRunAdmin(ReadOnly):
    list_display = ("pk", "asset", "operation", "state", "tier", "model", "created_at")
    list_filter = ("state", "operation")
    list_select_related = ("asset",)


@admin.register(models.Attempt)
class AttemptAdmin(ReadOnly):
    list_display = ("pk", "run", "provider", "model", "state", "tries", "due_at", "error")
    list_filter = ("state", "provider")
    exclude = ("key", "lease_key")


@admin.register(models.Candidate)
class CandidateAdmin(ReadOnly):
    list_display = ("pk", "asset", "run", "position", "verdict", "defect")
    list_filter = ("verdict",)
    list_select_related = ("asset",)


@admin.register(models.Gate)
class GateAdmin(ReadOnly):
    list_display = ("asset", "stage", "percent", "passed", "decided_by", "decided_at")
    list_select_related = ("asset", "decided_by")


@admin.register(models.BudgetLine)
class BudgetLineAdmin(ReadOnly):
    list_display = (
        "campaign",
        "tier",
        "approved_micros",
        "reserved_micros",
        "settled_micros",
        "frozen_at",
    )
    list_select_related = ("campaign",)


@admin.register(models.LedgerEntry)
class LedgerEntryAdmin(ReadOnly):
    list_display = ("at", "line", "kind", "amount_micros", "currency", "attempt")
    list_filter = ("kind",)


@admin.register(models.Approval)
class ApprovalAdmin(ReadOnly):
    list_display = ("run", "campaign", "state", "amount_micros", "asked_by", "decided_by")
    list_filter = ("state",)


@admin.register(models.Snooze)
class SnoozeAdmin(ReadOnly):
    list_display = ("approval", "person", "until")
    list_select_related = ("approval", "person")


@admin.register(models.StandingRule)
class StandingRuleAdmin(ReadOnly):
    list_display = (
        "team",
        "campaign",
        "person",
        "tier",
        "day_micros",
        "currency",
        "created_by",
        "ended_at",
    )
    list_filter = ("tier",)
    list_select_related = ("team", "campaign", "person", "created_by")


@admin.register(models.RuleDay)
class RuleDayAdmin(ReadOnly):
    list_display = ("rule", "campaign", "day", "used_micros", "limit_micros")
    list_select_related = ("rule", "campaign")


@admin.register(models.SpendDay)
class SpendDayAdmin(ReadOnly):
    list_display = (
        "day",
        "team",
        "campaign",
        "person",
        "stage",
        "tier",
        "model",
        "settled_micros",
        "runs",
    )
    list_filter = ("stage", "tier")
    list_select_related = ("team", "campaign", "person")


@admin.register(models.Mail)
class MailAdmin(ReadOnly):
    list_display = ("to", "subject", "team", "created_at", "sent_at", "given_up_at", "tries")
    list_select_related = ("team",)
    exclude = ("body", "lease_key")


@admin.register(models.TeamBelief)
class TeamBeliefAdmin(ReadOnly):
    list_display = ("team", "stage", "revision", "is_stale", "updated_at")
    list_filter = ("stage", "is_stale")
    list_select_related = ("team",)


@admin.register(models.PlatformFile)
class PlatformFileAdmin(ReadOnly):
    list_display = ("asset", "platform", "kind", "verdict", "made_at", "due_at", "tries")
    list_filter = ("platform", "verdict")
    list_select_related = ("asset",)
    exclude = ("lease_key",)


@admin.register(models.Export)
class ExportAdmin(ReadOnly):
    list_display = ("name", "team", "state", "size_bytes", "requested_by", "created_at")
    list_filter = ("state",)
    exclude = ("lease_key", "file")


@admin.register(models.Media)
class MediaAdmin(ReadOnly):
    list_display = ("pk", "team", "origin", "kind", "width", "height", "size_bytes", "created_at")
    list_filter = ("origin", "kind")
    exclude = ("file", "original", "thumb", "poster")


@admin.register(models.FaceConsent)
class FaceConsentAdmin(ReadOnly):
    list_display = ("person_name", "team", "valid_from", "valid_until", "revoked_at")
    exclude = ("release",)


@admin.register(models.Quarantine)
class QuarantineAdmin(ReadOnly):
    list_display = ("attempt", "team", "position", "size_bytes", "reason", "created_at")
    list_select_related = ("attempt", "team")
    exclude = ("file",)


@admin.register(models.Event)
class EventAdmin(ReadOnly):
    list_display = ("at", "team", "verb", "subject", "subject_id", "by")
    list_select_related = ("team", "by")


@admin.register(models.Invitation)
class InvitationAdmin(ReadOnly):
    list_display = ("email", "team", "expires_at", "accepted_at")
    exclude = ("token_hash",)


@admin.register(models.CatalogModel)
class CatalogModelAdmin(SetUp):
    list_display = ("label", "provider", "tier", "price_micros", "is_enabled", "is_edited")
    list_filter = ("provider", "tier")
    # a price is changed on the Models page, where it gets a day, a source and a row of its own
    # tier and switch decide what asks a manager: also there, where the trail keeps them
    readonly_fields = ("price_micros", "price_from", "price_basis", "tier", "is_enabled")


@admin.register(models.ModelPrice)
class ModelPriceAdmin(ReadOnly):
    list_display = ("model", "starts", "price_micros", "price_unit", "source", "by", "noted_at")
    list_select_related = ("model", "by")


@admin.register(models.Heartbeat)
class HeartbeatAdmin(ReadOnly):
    list_display = ("name", "kind", "seen_at", "detail")


@admin.register(models.Waiver)
class WaiverAdmin(ReadOnly):
    list_display = ("at", "team", "platform_file", "key", "reason", "by")
    list_select_related = ("team", "platform_file", "by")


@admin.register(models.SpecVersion)
class SpecVersionAdmin(ReadOnly):
    """Copied, edited and put in force on the Platform limits page, where the trail keeps it."""

    list_display = ("platform", "version", "is_in_force", "used_at", "note", "by")
    list_select_related = ("by",)
