"""All rows of the app, one noun a file."""

from campaigns.models.approval import Approval, Snooze
from campaigns.models.asset import Asset, AssetBase
from campaigns.models.budget import BudgetLine
from campaigns.models.campaign import AdSet, Campaign
from campaigns.models.catalog import CatalogModel, ModelPrice
from campaigns.models.consent import FaceConsent
from campaigns.models.drift import VersionWatch
from campaigns.models.event import Event
from campaigns.models.export import Export, ExportItem, PlatformFile, Waiver
from campaigns.models.golden import GoldenCheck, GoldenPrompt
from campaigns.models.heartbeat import Heartbeat, Lease
from campaigns.models.learning import TeamBelief
from campaigns.models.ledger import LedgerEntry
from campaigns.models.mail import Mail
from campaigns.models.media import Media
from campaigns.models.quarantine import Quarantine
from campaigns.models.rollup import SpendDay
from campaigns.models.spec_version import SpecVersion
from campaigns.models.stage_run import Attempt, Candidate, Finding, Gate, StageRun
from campaigns.models.standing import RuleDay, StandingRule
from campaigns.models.team import Invitation, Membership, SignInLink, Team

__all__ = [
    "AdSet",
    "Approval",
    "Asset",
    "AssetBase",
    "Attempt",
    "BudgetLine",
    "Campaign",
    "Candidate",
    "CatalogModel",
    "Event",
    "Export",
    "ExportItem",
    "FaceConsent",
    "Finding",
    "Gate",
    "GoldenCheck",
    "GoldenPrompt",
    "Heartbeat",
    "Invitation",
    "Lease",
    "LedgerEntry",
    "Mail",
    "Media",
    "Membership",
    "ModelPrice",
    "PlatformFile",
    "Quarantine",
    "RuleDay",
    "SignInLink",
    "Snooze",
    "SpecVersion",
    "SpendDay",
    "StageRun",
    "StandingRule",
    "Team",
    "TeamBelief",
    "VersionWatch",
    "Waiver",
]
