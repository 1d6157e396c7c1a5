"""Values that rows may hold, their labels and the named groups the code asks for.

Values only: which change of state is allowed stands in `campaigns.transitions`.
"""

from __future__ import annotations

from django.db import models


class Stage(models.TextChoices):
    """Where an asset stands on the line; `ready` is behind the last stage."""

    GENERATION = "generation", "Generation"
    EDIT = "edit", "Edit"
    POLISH = "polish", "Polish"
    ANIMATE = "animate", "Animate"
    QA = "qa", "QA"
    READY = "ready", "Ready"


class Tier(models.TextChoices):
    """Cost tiers a manager approves by."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


TIER_RANK = {"none": -1, Tier.LOW: 0, Tier.MEDIUM: 1, Tier.HIGH: 2}


class Ceiling(models.TextChoices):
    """The highest tier that runs in a campaign without asking."""

    NONE = "none", "Ask before every run"
    LOW = "low", "Low runs at once"
    MEDIUM = "medium", "Low and medium run at once"
    HIGH = "high", "Everything runs at once"


class Role(models.TextChoices):
    """What a member may do; one person may hold several."""

    MARKETER = "marketer", "Marketer"
    CURATOR = "curator", "Curator"
    MANAGER = "manager", "Manager"
    BUYER = "buyer", "Media buyer"
    ADMIN = "admin", "Admin"


class Platform(models.TextChoices):
    """Where packages go."""

    TIKTOK = "tiktok", "TikTok"
    REELS = "reels", "Instagram Reels"
    SHORTS = "shorts", "YouTube Shorts"


class Purpose(models.TextChoices):
    """What the creative is for; sets the default cost tier."""

    BRAINSTORM = "brainstorm", "Brainstorm"
    SOCIAL = "social", "Low-stakes social"
    LOCALIZED = "localized", "Localized"
    AB_TEST = "ab_test", "A/B test"
    PRIMARY = "primary", "Primary spend"


class Motion(models.TextChoices):
    """Camera moves of the Animate stage."""

    PUSH_IN = "push_in", "Push in"
    PULL_OUT = "pull_out", "Pull out"
    PAN_LEFT = "pan_left", "Pan left"
    PAN_RIGHT = "pan_right", "Pan right"
    PAN_UP = "pan_up", "Pan up"
    PARALLAX = "parallax", "Parallax"


class MotionProfile(models.TextChoices):
    """What moves in the clip; picks the model."""

    SUBTLE_HUMAN = "subtle_human", "Subtle human"
    HIGH_ACTION = "high_action", "High action"
    PRODUCT = "product", "Product"
    CAMERA_ONLY = "camera_only", "Camera only"


class Defect(models.TextChoices):
    """Why a candidate was rejected; one key each."""

    HANDS = "hands", "Hands"
    TEXT = "text", "Text"
    SHADOWS = "shadows", "Shadows"
    ANATOMY = "anatomy", "Anatomy"
    PRODUCT = "product", "Product"
    BRAND = "brand", "Brand"
    OTHER = "other", "Other"


class Verdict(models.TextChoices):
    """A person's judgment of a candidate. Spare: fine, but not needed."""

    PENDING = "pending", "Waiting"
    KEPT = "kept", "Kept"
    SPARE = "spare", "Spare"
    REJECTED = "rejected", "Rejected"


class RunState(models.TextChoices):
    """The life of a stage run."""

    WAITING_APPROVAL = "waiting_approval", "Needs approval"
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    REVIEW = "review", "Pick one"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    DECLINED = "declined", "Declined"


RUN_OPEN = (RunState.WAITING_APPROVAL, RunState.QUEUED, RunState.RUNNING, RunState.REVIEW)
RUN_WORKING = (RunState.QUEUED, RunState.RUNNING)


class AttemptState(models.TextChoices):
    """The life of one call to a provider."""

    INTENDED = "intended", "Intended"
    SUBMITTING = "submitting", "Submitting"
    SUBMITTED = "submitted", "At the provider"
    FETCHING = "fetching", "Fetching"
    SETTLED = "settled", "Settled"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    UNKNOWN = "unknown", "Unknown"


ATTEMPT_OPEN = (
    AttemptState.INTENDED,
    AttemptState.SUBMITTING,
    AttemptState.SUBMITTED,
    AttemptState.FETCHING,
    AttemptState.UNKNOWN,
)
ATTEMPT_DRIVEN = (AttemptState.INTENDED, AttemptState.SUBMITTED, AttemptState.FETCHING)


class EntryKind(models.TextChoices):
    """What a ledger row records."""

    RESERVE = "reserve", "Held"
    SETTLE = "settle", "Settled"
    RELEASE = "release", "Released"
    CORRECT = "correct", "Corrected"


class ApprovalState(models.TextChoices):
    """The life of a request for spend."""

    ASKED = "asked", "Waiting"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


class ExportState(models.TextChoices):
    """The life of a package."""

    QUEUED = "queued", "Queued"
    BUILDING = "building", "Building"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"


class FileKind(models.TextChoices):
    """Still picture or moving clip."""

    STILL = "still", "Still"
    CLIP = "clip", "Clip"


class FindingVerdict(models.TextChoices):
    """What a measured value means against its threshold."""

    PASS = "pass", "Pass"
    WARN = "warn", "Warning"
    FAIL = "fail", "Fail"
    INFO = "info", "Info"
