"""Stage runs, the attempts inside them, and the candidates that come out."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from campaigns.models.asset import Asset
from campaigns.models.choices import (
    ATTEMPT_DRIVEN,
    RUN_OPEN,
    AttemptState,
    Defect,
    FindingVerdict,
    RunState,
    Stage,
    Tier,
    Verdict,
)
from campaigns.models.consent import FaceConsent
from campaigns.models.media import Media
from campaigns.models.team import Team


class StageRun(models.Model):
    """One pass of an asset through one stage, with its decision and money.

    `decision` is routing's frozen answer; a later change of prices leaves it alone.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="runs")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="runs")
    stage = models.CharField(max_length=10, choices=Stage)
    operation = models.CharField(max_length=24)
    state = models.CharField(max_length=16, choices=RunState)
    reason = models.TextField(blank=True, help_text="Why it failed or was declined, for people.")
    params = models.JSONField(default=dict)
    decision = models.JSONField(default=dict)
    source = models.ForeignKey(
        "campaigns.Candidate", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    mask = models.ForeignKey(
        Media, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    consent = models.ForeignKey(
        FaceConsent, on_delete=models.PROTECT, null=True, blank=True, related_name="runs"
    )
    tier = models.CharField(max_length=6, choices=Tier)
    model = models.CharField(max_length=60)
    model_label = models.CharField(max_length=80)
    candidate_count = models.PositiveSmallIntegerField()
    seed = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    expected_micros = models.BigIntegerField()
    maximum_micros = models.BigIntegerField()
    top_micros = models.BigIntegerField(
        default=0, help_text="What the dearest model for this work would have cost."
    )
    counted = models.JSONField(
        default=dict, blank=True, help_text="What the day's sums hold of its candidates."
    )
    progress = models.FloatField(default=0)
    token = models.CharField(max_length=64, unique=True, help_text="One per click.")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    claimed_until = models.DateTimeField(null=True, blank=True)
    review_opened_at = models.DateTimeField(null=True, blank=True)
    learned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # a stage started twice: the second insert fails, whoever sends it
            models.UniqueConstraint(
                name="an_asset_has_one_open_run",
                fields=["asset"],
                condition=models.Q(state__in=RUN_OPEN),
            ),
            models.CheckConstraint(
                name="a_run_never_expects_more_than_its_maximum",
                condition=models.Q(expected_micros__lte=models.F("maximum_micros")),
            ),
            models.CheckConstraint(
                name="a_run_has_at_least_one_candidate", condition=models.Q(candidate_count__gte=1)
            ),
            models.CheckConstraint(
                name="a_face_swap_has_its_consent_and_nothing_else_has",
                condition=models.Q(operation="face_swap", consent__isnull=False)
                | (~models.Q(operation="face_swap") & models.Q(consent__isnull=True)),
            ),
        ]
        indexes = [
            # the review queue: batches of a team, oldest first
            models.Index(
                fields=["team", "finished_at", "id"],
                name="run_review_queue",
                condition=models.Q(state="review"),
            ),
            # the learner: judged batches that routing has not learned from, in their order
            models.Index(
                fields=["team", "stage", "judged_at", "id"],
                name="run_unlearned",
                condition=models.Q(state="done", learned_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} of asset {self.asset_id}"


class Attempt(models.Model):
    """One call to a provider inside a stage run. Intent first, then the call.

    `due_at` says when the reconciler may wake it; `lease_until` that a worker holds it.
    """

    run = models.ForeignKey(StageRun, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=12, choices=AttemptState, default=AttemptState.INTENDED)
    provider = models.CharField(max_length=20)
    model = models.CharField(max_length=60)
    model_version = models.CharField(max_length=80)
    key = models.CharField(max_length=64, unique=True, help_text="Unguessable; ours.")
    provider_ref = models.CharField(max_length=200, blank=True)
    seeds = models.JSONField(default=list)
    progress = models.FloatField(default=0)
    reserved_micros = models.BigIntegerField(default=0)
    settled_micros = models.BigIntegerField(null=True, blank=True)
    compute_s = models.FloatField(default=0)
    credits_micros = models.BigIntegerField(default=0)
    ran = models.JSONField(
        default=dict, blank=True, help_text="What the provider says it ran and billed."
    )
    details = models.JSONField(
        default=dict, blank=True, help_text="Addresses the provider gave with its reference."
    )
    error_kind = models.CharField(
        max_length=12, blank=True, help_text="What became of it, in one word of routing's."
    )
    sent_at = models.DateTimeField(null=True, blank=True, help_text="Just before it was sent.")
    search_at = models.DateTimeField(
        null=True, blank=True, help_text="When a lost answer is looked for next."
    )
    tries = models.PositiveSmallIntegerField(default=0, help_text="Times a worker took it up.")
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_key = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_attempt_a_number", fields=["run", "number"]),
            models.CheckConstraint(
                name="an_attempt_at_the_provider_has_its_reference",
                condition=~models.Q(state__in=["submitted", "fetching"])
                | ~models.Q(provider_ref=""),
            ),
            models.CheckConstraint(
                name="a_settled_attempt_has_its_amount",
                condition=~models.Q(state="settled") | models.Q(settled_micros__isnull=False),
            ),
        ]
        indexes = [
            # the reconciler: open attempts that are due
            models.Index(
                fields=["due_at"],
                name="attempt_due",
                condition=models.Q(state__in=ATTEMPT_DRIVEN),
            ),
            # the reconciler: lost answers that can be looked for
            models.Index(
                fields=["search_at"],
                name="attempt_search",
                condition=models.Q(state=AttemptState.UNKNOWN, search_at__isnull=False),
            ),
            # the few calls whose answer was lost, counted on every money page
            models.Index(
                fields=["state"],
                name="attempt_unknown",
                condition=models.Q(state=AttemptState.UNKNOWN),
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of run {self.run_id}"


class Candidate(models.Model):
    """One output of an attempt. `parent` is the version it was made from."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="candidates")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="candidates")
    run = models.ForeignKey(StageRun, on_delete=models.PROTECT, related_name="candidates")
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="candidates")
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    position = models.PositiveSmallIntegerField()
    seed = models.BigIntegerField()
    media = models.ForeignKey(Media, on_delete=models.PROTECT, related_name="+")
    note = models.JSONField(default=dict, help_text="What the operation said of its result.")
    measured_at = models.DateTimeField(null=True, blank=True)
    measure_tries = models.PositiveSmallIntegerField(default=0)
    verdict = models.CharField(max_length=8, choices=Verdict, default=Verdict.PENDING)
    defect = models.CharField(max_length=8, choices=Defect, blank=True)
    comment = models.TextField(max_length=2000, blank=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    judged_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_candidate_a_position", fields=["attempt", "position"]
            ),
            models.CheckConstraint(
                name="a_judged_candidate_has_its_time",
                condition=models.Q(verdict="pending", judged_at__isnull=True)
                | (~models.Q(verdict="pending") & models.Q(judged_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="only_a_rejected_candidate_has_a_defect",
                condition=models.Q(defect="") | models.Q(verdict="rejected"),
            ),
        ]
        indexes = [
            # the reconciler: outputs whose meters are still to be read
            models.Index(
                fields=["id"],
                name="candidate_unmeasured",
                condition=models.Q(measured_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"candidate {self.position + 1} of run {self.run_id}"


class Finding(models.Model):
    """What imaging measured of a candidate: value, threshold, verdict, origin."""

    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="findings")
    name = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    value = models.FloatField(null=True, blank=True)
    value_text = models.CharField(max_length=80)
    threshold = models.FloatField(null=True, blank=True)
    verdict = models.CharField(max_length=4, choices=FindingVerdict)
    origin = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_finding_a_name", fields=["candidate", "name"]),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.value_text}"


class Gate(models.Model):
    """A person's "good enough" for one candidate at the end of a stage.

    `criteria` is [{"key", "label", "met"}]; `percent` the share that is met.
    """

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="gates")
    run = models.ForeignKey(
        StageRun, on_delete=models.PROTECT, null=True, blank=True, related_name="gates"
    )
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="gates")
    sha256 = models.CharField(max_length=64, help_text="Of the file that was judged.")
    stage = models.CharField(max_length=10, choices=Stage)
    criteria = models.JSONField(default=list)
    percent = models.PositiveSmallIntegerField()
    threshold = models.PositiveSmallIntegerField()
    passed = models.BooleanField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    decided_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_gate_percentage_is_at_most_a_hundred",
                condition=models.Q(percent__lte=100) & models.Q(threshold__lte=100),
            ),
        ]

    def __str__(self) -> str:
        return f"gate after {self.stage}: {self.percent} %"
