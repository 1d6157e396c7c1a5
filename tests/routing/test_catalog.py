"""The shipped catalog is sound, and a wrong row is refused with its name, field and remedy."""

from __future__ import annotations

import pytest

from routing import catalog
from routing.catalog import BadCatalog
from routing.stages import OPERATIONS

GOOD = {
    "key": '"m"', "label": '"M"', "provider": '"p"', "version": '"1"',
    "operations": '["compose"]', "tier": '"low"', "price": '"0.04"', "price_from": "2026-11-23",
    "approval_prior": "0.5", "seconds_each": "3", "source": '"the page"',
}  # fmt: skip


def toml(**changed: str | None) -> str:
    rows = {**GOOD, **changed}
    lines = "\n".join(f"{key} = {value}" for key, value in rows.items() if value is not None)
    return f"[[model]]\n{lines}\n"


class TestShipped:
    def test_does_every_operation_with_the_embedded_engine(self) -> None:
        local = {
            name for card in catalog.shipped() if card.provider == "local"
            for name in card.operations
        }  # fmt: skip
        assert local == set(OPERATIONS)

    def test_names_source_and_date_of_every_price(self) -> None:
        for card in catalog.shipped():
            assert card.source, card.key
            assert card.price_micros is None or card.price_from is not None, card.key

    def test_charges_nothing_for_this_machine_and_says_its_limits(self) -> None:
        for card in catalog.shipped():
            if card.provider == "local":
                assert (card.price_micros, card.tier) == (0, "low")
                assert card.limits, card.key
            else:
                assert card.price_micros, card.key


class TestParse:
    def test_reads_a_row(self) -> None:
        (card,) = catalog.parse(toml())
        assert (card.price_micros, card.price_unit, card.is_enabled) == (40_000, "output", True)

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"operations": '["paint"]'}, "unknown; use one of"),
            ({"operations": "[]"}, '"operations" is missing'),
            ({"tier": '"gold"'}, "tier must be one of"),
            ({"tier": None}, '"tier" is missing'),
            ({"price_unit": '"pixel"'}, "price_unit"),
            ({"price": '"cheap"'}, "write the price as text"),
            ({"price": "0.04"}, '"price" is missing or wrong'),
            ({"price": '"-1"'}, "cannot be negative"),
            ({"price_from": None}, "price_from"),
            ({"price": None}, "enabled but has no price"),
            ({"approval_prior": "1"}, "between 0 and 1"),
            ({"approval_prior": None}, '"approval_prior" is missing'),
            ({"source": '""'}, '"source" is missing'),
            ({"label": None}, '"label" is missing'),
        ],
    )
    def test_names_what_is_wrong(self, changed: dict[str, str | None], said: str) -> None:
        with pytest.raises(BadCatalog, match=said) as caught:
            catalog.parse(toml(**changed))
        assert 'model "m"' in str(caught.value)

    def test_refuses_two_of_one_name_and_broken_text(self) -> None:
        with pytest.raises(BadCatalog, match="rename one"):
            catalog.parse(toml() + toml())
        with pytest.raises(BadCatalog, match="not valid TOML"):
            catalog.parse("[[model")

    def test_takes_a_model_without_a_price_when_it_is_off(self) -> None:
        (card,) = catalog.parse(toml(price=None, enabled="false"))
        assert (card.price_micros, card.is_enabled) == (None, False)
