"""A decision in words and figures, as plain values to be stored with a run and shown anywhere.

Written once, with the decision: later edits of prices, catalog or wording change nothing in it.
It decides nothing and knows no page.
"""

from __future__ import annotations

from typing import Any

from routing import explain
from routing.decision import Choice, Decision
from routing.pricing import Quote


def told(decision: Decision, currency: str = "USD") -> dict[str, Any]:
    """What a person is told of `decision`: plain values, safe to store as JSON.

    `rows` has every model that does the operation, the taken one first, with `rank` 0 and only a
    `reason` for those that are out. Money in micro-units: `price_micros` of one output and
    `per_approved_micros`; `chance` is that of one output being kept, `low` to `high` the 80 %
    interval of at least one keeper in the batch of `count`.
    """
    best = decision.best
    return {
        "sentence": explain.sentence(decision, currency),
        "evidence": explain.evidence(best) if best else "",
        "interval": explain.interval(best) if best else "",
        "next_best": explain.next_best(decision, currency),
        "if_none_kept": explain.if_none_kept(decision, currency),
        "repair": explain.repair(decision, currency),
        "demands": explain.demands(decision.need) if decision.outlooks else "",
        "outlooks": [explain.outlook(seen, currency) for seen in decision.outlooks],
        "notes": [{"code": note.code, "text": note.text} for note in decision.notes],
        "rows": _rows(decision),
    }


def _rows(decision: Decision) -> list[dict[str, Any]]:
    able = {choice.card.key: choice for choice in decision.choices}
    found: list[dict[str, Any]] = []
    for row in explain.table(decision):
        plain: dict[str, Any] = {
            "rank": row.rank,
            "key": row.key,
            "label": row.label,
            "reason": row.reason,
        }
        if row.key in able:
            plain |= _figures(able[row.key])
        found.append(plain)
    return found


def _figures(choice: Choice) -> dict[str, Any]:
    each: Quote = choice.quote.for_count(1, choice.count)
    return {
        "count": choice.count,
        "price_micros": each.expected_micros,
        "per_approved_micros": choice.per_approved_micros,
        "chance": choice.each_chance,
        "low": choice.chance_low,
        "high": choice.chance_high,
        "kept": choice.evidence.kept,
        "seen": choice.evidence.seen,
        "evidence": explain.evidence(choice),
        "interval": explain.interval(choice),
    }
