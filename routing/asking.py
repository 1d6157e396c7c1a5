"""When a run needs a manager's yes: by its tier, or by what it may cost.

Pure; the same answer stands on the plan, on the form and at the gate.
"""

from __future__ import annotations

from routing import money
from routing.need import TIERS


def must_ask(
    tier: str,
    ceiling: str,
    *,
    maximum_micros: int = 0,
    ask_above_micros: int | None = None,
    currency: str = "USD",
) -> str:
    """Why a manager has to approve, or "" when it may run at once.

    `ceiling` is the highest tier that runs unasked, or "none". `maximum_micros` is the most the
    run may cost, `ask_above_micros` the most that one run may cost unasked (None: any).
    """
    if ceiling == "none":
        return "This campaign asks before every run."
    if TIERS.index(tier) > TIERS.index(ceiling):
        return f"{tier.capitalize()} tier is above this campaign's ceiling ({ceiling})."
    if ask_above_micros is not None and maximum_micros > ask_above_micros:
        return (
            f"Up to {money.text(maximum_micros, currency)} is above the "
            f"{money.text(ask_above_micros, currency)} that one run of this campaign may cost "
            "unasked."
        )
    return ""
