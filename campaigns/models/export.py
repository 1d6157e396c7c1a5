"""Platform files (one asset cut for one platform) and the packages made of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from campaigns.models.asset import Asset
from campaigns.models.campaign import Campaign
from campaigns.models.choices import ExportState, FileKind, FindingVerdict, Platform
from campaigns.models.media import Media
from campaigns.models.spec_version import SpecVersion
from campaigns.models.stage_run import Candidate
from campaigns.models.team import Team


class PlatformFile(models.Model):
    """A master cut and encoded for one platform, with its checks.

    `box` is the crop in the master's pixels. `wanted_box` differs while a moved crop is being
    rendered. `findings` is the list that the QA page shows, each with value, limit and source;
    `measured` is what they were judged by, so that other limits can be tried on it. `mends` says
    what is done to it beyond the crop, `mended` what it was before, for people to compare.
    `filling` says how the frame is filled where the whole master is shown, `focus` what the
    automatic crop keeps in the middle, and `made_of` what the finished file was made from.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="platform_files")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="platform_files")
    source = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="platform_files")
    platform = models.CharField(max_length=8, choices=Platform)
    kind = models.CharField(max_length=5, choices=FileKind)
    spec_id = models.CharField(max_length=60)
    spec_version = models.CharField(max_length=20)
    spec_row = models.ForeignKey(
        SpecVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="The admin's version it was judged by; empty for the one that comes along.",
    )  # fmt: skip
    box = models.JSONField(default=list)
    wanted_box = models.JSONField(default=list)
    is_manual = models.BooleanField(default=False)
    filling = models.JSONField(
        default=dict, blank=True, help_text="{way, color} of a master that is shown whole."
    )
    focus = models.JSONField(
        default=list, blank=True, help_text="[x, y] as shares of the master; empty without one."
    )
    marks = models.JSONField(
        default=list, blank=True, help_text="Logos to keep whole: boxes as shares of the master."
    )
    crop_findings = models.JSONField(default=list)
    media = models.ForeignKey(
        Media, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    label = models.JSONField(
        default=dict, blank=True, help_text="What the file says of itself, and its streams."
    )
    findings = models.JSONField(default=list)
    measured = models.JSONField(default=dict)
    mends = models.JSONField(default=dict)
    mended = models.JSONField(default=list)
    made_of = models.JSONField(default=dict, blank=True)
    verdict = models.CharField(max_length=4, choices=FindingVerdict, blank=True)
    error = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    revision = models.PositiveIntegerField(default=1)
    due_at = models.DateTimeField(null=True, blank=True, help_text="Set while it is to be made.")
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_key = models.CharField(max_length=32, blank=True)
    made_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_platform_file_a_source_platform_and_kind",
                fields=["source", "platform", "kind"],
            ),
        ]
        indexes = [
            # the reconciler: files that are to be made
            models.Index(
                fields=["due_at"],
                name="platform_file_due",
                condition=models.Q(due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.kind} of asset {self.asset_id}"


class Waiver(models.Model):
    """A manager lets one failing check of one file pass, with a reason; bound to the file's bytes,
    to the value that was measured and to the limit that it breaks.

    Never changed: another file, another value or another limit needs another waiver.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="waivers")
    platform_file = models.ForeignKey(
        PlatformFile, on_delete=models.PROTECT, related_name="waivers"
    )
    key = models.CharField(max_length=60)
    value_text = models.TextField()
    limit_text = models.TextField(blank=True, default="")
    sha256 = models.CharField(max_length=64)
    reason = models.TextField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_waiver_a_limit_of_the_same_bytes",
                fields=["platform_file", "key", "sha256", "value_text", "limit_text"],
            ),
            models.CheckConstraint(name="a_waiver_has_a_reason", condition=~models.Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.key} of file {self.platform_file_id}"


class Export(models.Model):
    """A package: a ZIP of platform files with manifest."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="exports")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="exports")
    state = models.CharField(max_length=8, choices=ExportState, default=ExportState.QUEUED)
    name = models.CharField(max_length=160)
    platforms = models.JSONField(default=list)
    file = models.FileField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    file_count = models.PositiveIntegerField(default=0)
    contents = models.JSONField(
        default=dict, blank=True, help_text="What its page shows: counts, switches, first files."
    )
    progress = models.FloatField(default=0)
    error = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    token = models.CharField(max_length=64, unique=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_key = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_ready_package_has_its_file",
                condition=~models.Q(state="ready") | (~models.Q(file="") & ~models.Q(sha256="")),
            ),
        ]
        indexes = [
            # the reconciler: packages that are to be built
            models.Index(
                fields=["id"],
                name="export_open",
                condition=models.Q(state__in=["queued", "building"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ExportItem(models.Model):
    """One asset in a package, bound to the file that was approved."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="items")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_asset_is_packed_once", fields=["export", "asset"]),
        ]

    def __str__(self) -> str:
        return f"asset {self.asset_id} in package {self.export_id}"
