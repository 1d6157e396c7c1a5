"""Who may do what: one table of abilities by role, and a pair of functions an ability.

`can_x(roles)` says it, `check_can_x(roles)` raises NotAllowed. Pure: the caller brings the roles,
one or several. Denied unless the table says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

ABILITIES: dict[str, tuple[frozenset[str], str]] = {
    "see": (frozenset({"marketer", "curator", "manager", "buyer", "admin"}), "see this team"),
    "brief": (frozenset({"marketer", "admin"}), "write briefs"),
    "run": (frozenset({"marketer", "curator", "admin"}), "start work on an asset"),
    "judge": (frozenset({"curator", "marketer", "admin"}), "judge candidates"),
    "approve_spend": (frozenset({"manager"}), "approve spend"),
    "set_budget": (frozenset({"manager"}), "change budgets"),
    "waive": (frozenset({"manager"}), "let a failing check pass"),
    "export": (frozenset({"buyer", "marketer", "admin"}), "make packages"),
    "record_consent": (
        frozenset({"marketer", "manager"}),
        "record that a person agreed to the use of their face",
    ),
    "revoke_consent": (frozenset({"manager", "admin"}), "revoke a person's consent"),
    "set_up_campaign": (frozenset({"marketer", "manager", "admin"}), "set up campaigns"),
    "manage_people": (frozenset({"admin"}), "invite and change people"),
    "manage_models": (frozenset({"admin"}), "change models and prices"),
    "trust_models": (frozenset({"curator", "manager", "admin"}), "say which model is trusted"),
    "see_trail": (frozenset({"manager", "admin"}), "see who did what"),
    "open_quarantine": (frozenset({"manager", "admin"}), "take what was kept aside"),
    "manage_team": (frozenset({"admin"}), "change the team's settings"),
}

ROLE_WORDS = {
    "marketer": "marketer",
    "curator": "curator",
    "manager": "manager",
    "buyer": "media buyer",
    "admin": "admin",
}


class NotAllowed(Exception):
    """The person lacks the role; `text` says which role could."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def can(ability: str, roles: Collection[str]) -> bool:
    """True when one of `roles` may use `ability`. Raises KeyError for an unknown ability."""
    return bool(ABILITIES[ability][0].intersection(roles))


def check(ability: str, roles: Collection[str]) -> None:
    """Raises NotAllowed unless one of `roles` may use `ability`."""
    if not can(ability, roles):
        allowed, words = ABILITIES[ability]
        who = " or ".join(sorted(ROLE_WORDS[role] for role in allowed))
        article = "an" if who[0] in "aeiou" else "a"
        raise NotAllowed(
            f"You may not {words} in this team. Ask {article} {who}. Nothing was changed."
        )


Can = Callable[[Collection[str]], bool]
Check = Callable[[Collection[str]], None]


def _pair(ability: str) -> tuple[Can, Check]:
    def ask(roles: Collection[str]) -> bool:
        return can(ability, roles)

    def demand(roles: Collection[str]) -> None:
        check(ability, roles)

    return ask, demand


can_see, check_can_see = _pair("see")
can_brief, check_can_brief = _pair("brief")
can_run, check_can_run = _pair("run")
can_judge, check_can_judge = _pair("judge")
can_approve_spend, check_can_approve_spend = _pair("approve_spend")
can_set_budget, check_can_set_budget = _pair("set_budget")
can_waive, check_can_waive = _pair("waive")
can_export, check_can_export = _pair("export")
can_record_consent, check_can_record_consent = _pair("record_consent")
can_revoke_consent, check_can_revoke_consent = _pair("revoke_consent")
can_set_up_campaign, check_can_set_up_campaign = _pair("set_up_campaign")
can_manage_people, check_can_manage_people = _pair("manage_people")
can_manage_models, check_can_manage_models = _pair("manage_models")
can_trust_models, check_can_trust_models = _pair("trust_models")
can_manage_team, check_can_manage_team = _pair("manage_team")
can_see_trail, check_can_see_trail = _pair("see_trail")
can_open_quarantine, check_can_open_quarantine = _pair("open_quarantine")
