"""Who may do what: one table of abilities by role, and a pair of functions to ask.

Pure: the caller brings the roles. Denied unless the table says otherwise.
"""

from __future__ import annotations

from collections.abc import Collection

ABILITIES: dict[str, tuple[frozenset[str], str]] = {
    "see": (frozenset({"marketer", "curator", "manager", "buyer", "admin"}), "see this team"),
    "brief": (frozenset({"marketer", "admin"}), "write briefs"),
    "run": (frozenset({"marketer", "curator", "admin"}), "start work on an asset"),
    "judge": (frozenset({"curator", "marketer", "admin"}), "judge candidates"),
    "approve_spend": (frozenset({"manager"}), "approve spend"),
    "set_budget": (frozenset({"manager"}), "change budgets"),
    "export": (frozenset({"buyer", "marketer", "admin"}), "make packages"),
    "set_up_campaign": (frozenset({"marketer", "manager", "admin"}), "set up campaigns"),
    "manage_people": (frozenset({"admin"}), "invite and change people"),
    "manage_models": (frozenset({"admin"}), "change models and prices"),
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
