"""The price that a form showed, as the form carries it: for which wish, and for which models.

Pure. Nothing here is trusted to be true: it only protects the person who sends it from paying
more than the page said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

MOST_LENGTH = 4000
MOST_MICROS = 10**15


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: how many (0: the usual number), by which model ("": any), and how."""

    count: int = 0
    model: str = ""
    given: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """One line; equal wishes give equal lines."""
        return urlencode([("n", self.count), ("m", self.model), *sorted(self.given.items())])

    @classmethod
    def read(cls, text: str) -> Wish:
        """Back from `text`. Raises ValueError."""
        pairs = parse_qsl(text, keep_blank_values=True)
        if [name for name, _ in pairs[:2]] != ["n", "m"]:
            raise ValueError("this is no wish")
        return cls(count=int(pairs[0][1]), model=pairs[1][1], given=dict(pairs[2:]))


@dataclass(frozen=True, slots=True)
class PriceList:
    """The most that each model may cost for one wish, in micro-units; "" is the automatic one."""

    wish: Wish
    micros: Mapping[str, int]

    def text(self) -> str:
        """As a form carries it."""
        return json.dumps({"wish": self.wish.text(), "micros": dict(self.micros)})

    @classmethod
    def read(cls, text: str) -> PriceList:
        """Back from `text`. Raises ValueError."""
        stored = json.loads(text)
        if not isinstance(stored, dict) or not isinstance(stored.get("micros"), dict):
            raise ValueError("this is no price list")
        micros = {str(name): _micros(amount) for name, amount in stored["micros"].items()}
        return cls(Wish.read(str(stored.get("wish"))), micros)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person saw: `micros` for `wish`, and a list for those who changed it since."""

    micros: int
    wish: Wish
    prices: PriceList | None = None

    @classmethod
    def read(cls, *, micros: int | None, wish: str, prices: str) -> Seen | None:
        """From a form's fields; None when it showed no price or they cannot be read."""
        if micros is None or max(len(wish), len(prices)) > MOST_LENGTH:
            return None
        try:
            return cls(micros, Wish.read(wish), PriceList.read(prices) if prices else None)
        except (ValueError, TypeError):
            return None


def _micros(amount: object) -> int:
    if not isinstance(amount, int) or not 0 <= amount <= MOST_MICROS:
        raise ValueError("this is no amount")
    return amount
