"""The catalog of models as data: `catalog.toml`, each row with its source and date.

Reads the file and nothing else. A wrong row is refused with its line, name, field and remedy.
"""

from __future__ import annotations

import tomllib
from datetime import date
from functools import lru_cache
from pathlib import Path

from routing import catalog_rows
from routing.cards import ModelCard, PriceRule
from routing.catalog_rows import RULE_UNITS, UNITS, BadCatalog

__all__ = [
    "CATALOG_FILE",
    "RULE_UNITS",
    "UNITS",
    "BadCatalog",
    "ModelCard",
    "PriceRule",
    "parse",
    "shipped",
]

CATALOG_FILE = Path(__file__).with_name("catalog.toml")


def parse(text: str, *, today: date | None = None) -> tuple[ModelCard, ...]:
    """Cards of a catalog file's text. Raises BadCatalog.

    With `today`, a model whose end has passed may not be enabled either.
    """
    try:
        rows = tomllib.loads(text).get("model", [])
    except tomllib.TOMLDecodeError as error:
        raise BadCatalog(f"catalog.toml is not valid TOML: {error}") from error
    lines = [
        number
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip().replace(" ", "").startswith("[[model]]")
    ]
    if len(lines) != len(rows):  # rows written another way: their place instead
        lines = list(range(1, len(rows) + 1))
    cards = tuple(
        catalog_rows.card(row, line, today) for row, line in zip(rows, lines, strict=True)
    )
    seen: dict[str, int] = {}
    for card, line in zip(cards, lines, strict=True):
        if card.key in seen:
            raise BadCatalog(
                f"catalog.toml, lines {seen[card.key]} and {line}: two models are called "
                f'"{card.key}"; rename one.'
            )
        seen[card.key] = line
    return cards


@lru_cache(maxsize=1)
def shipped() -> tuple[ModelCard, ...]:
    """The cards of the catalog that ships with the project."""
    return parse(CATALOG_FILE.read_text(encoding="utf-8"))
