"""Every state machine as a table: from state -> event -> to state.

Names only; the change itself is one conditional UPDATE in an action. `docs/states.md` is made
from these tables.
"""

from __future__ import annotations

Machine = dict[str, dict[str, str]]

RUN: Machine = {
    "waiting_approval": {
        "approve": "queued",
        "decline": "declined",
        "expire": "declined",
        "cancel": "cancelled",
    },
    "queued": {"start": "running", "fail": "failed", "cancel": "cancelled"},
    "running": {"finish": "review", "fail": "failed", "cancel": "cancelled"},
    "review": {"judge": "done", "cancel": "cancelled"},
    "done": {"undo": "review"},
    "failed": {},
    "cancelled": {},
    "declined": {},
}

ATTEMPT: Machine = {
    "intended": {"send": "submitting", "fail": "failed", "cancel": "cancelled"},
    "submitting": {
        "accept": "submitted",
        "take_back": "intended",
        "lose": "unknown",
        "fail": "failed",
    },
    "submitted": {"ready": "fetching", "fail": "failed", "cancel": "cancelled"},
    "fetching": {"settle": "settled", "fail": "failed", "cancel": "cancelled"},
    "unknown": {"accept": "submitted", "take_back": "intended", "fail": "failed"},
    "settled": {},
    "failed": {},
    "cancelled": {},
}

APPROVAL: Machine = {
    "asked": {
        "approve": "approved",
        "decline": "declined",
        "withdraw": "withdrawn",
        "expire": "expired",
    },
    "approved": {},
    "declined": {},
    "withdrawn": {},
    "expired": {},
}

EXPORT: Machine = {
    "queued": {"build": "building", "fail": "failed"},
    "building": {"build": "building", "finish": "ready", "fail": "failed"},
    "ready": {},
    "failed": {"retry": "queued"},
}

MACHINES: dict[str, Machine] = {
    "Stage run": RUN,
    "Attempt": ATTEMPT,
    "Approval": APPROVAL,
    "Package": EXPORT,
}


class NotNow(Exception):
    """The change is not possible in this state; `text` tells the person what happened instead."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def sources(machine: Machine, event: str) -> tuple[str, ...]:
    """The states in which `event` may happen."""
    return tuple(state for state, events in machine.items() if event in events)


def target(machine: Machine, event: str) -> str:
    """The one state that `event` leads to."""
    targets = {events[event] for events in machine.values() if event in events}
    (only,) = targets
    return only
