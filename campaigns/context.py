"""What the shell around every team page shows: navigation, counts, workers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from campaigns.queries import access, shell

GROUPS = (
    (
        "Work",
        (
            ("board", "Board", "board"),
            ("review", "Review", "review"),
            ("approvals", "Approvals", "approvals"),
            ("exports", "Exports", "exports"),
        ),
    ),
    (
        "Insight",
        (
            ("budget", "Budget", "budget"),
            ("throughput", "Throughput", "performance"),
            ("routing", "Routing", "branch"),
        ),
    ),
    (
        "Set-up",
        (
            ("campaigns", "Campaigns", "campaigns"),
            ("models", "Models", "models"),
            ("people", "People", "people"),
            ("team_settings", "Settings", "settings"),
        ),
    ),
)
BELONGS = {
    "brief": "board",
    "asset": "board",
    "review_batch": "review",
    "qa": "exports",
    "campaign": "campaigns",
    "campaign_new": "campaigns",
    "ledger": "budget",
    "budget_set": "budget",
    "budget_month": "budget",
    "budget_rules": "budget",
    "invoice": "budget",
    "invoice_book": "budget",
    "invoice_csv": "budget",
    "unsettled": "budget",
    "unsettled_decide": "budget",
    "approval_less": "approvals",
    "trail": "people",
    "consents": "team_settings",
    "consent_revoke": "team_settings",
    "what_if": "routing",
    "watch": "models",
    "spec_versions": "models",
    "spec_version": "models",
    "watch_decide": "models",
    "golden_add": "models",
}


def shell_context(request: HttpRequest) -> dict[str, Any]:
    """`shell` for templates; empty outside a team."""
    team = getattr(request, "team", None)
    if team is None:
        return {"shell": None}
    counts = shell.counts(team=team)
    match = request.resolver_match
    name = (match.url_name or "") if match else ""
    current = BELONGS.get(name, name)
    nav = [
        {
            "label": label,
            "items": [
                {
                    "key": key,
                    "label": words,
                    "url": reverse(key, args=[team.slug]),
                    "icon": icon,
                    "count": counts.get(key, 0),
                    "current": key == current,
                }
                for key, words, icon in items
            ],
        }
        for label, items in GROUPS
    ]
    return {
        "shell": {
            "team": team,
            "teams": access.teams(request.user),
            "roles": getattr(request, "roles", frozenset()),
            "counts": counts,
            "workers": shell.workers(),
            "nav": nav,
        }
    }
