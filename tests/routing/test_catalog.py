"""The shipped catalog is sound, and a wrong row is refused with its name, field and remedy."""

from __future__ import annotations

from datetime import date

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
    def test_does_every_operation_but_a_face_swap_with_the_embedded_engine(self) -> None:
        local = {
            name for card in catalog.shipped() if card.provider == "local"
            for name in card.operations
        }  # fmt: skip
        assert local == {key for key, one in OPERATIONS.items() if not one.needs_face}

    def test_swaps_faces_with_nothing_that_was_made_for_it_until_an_admin_says_so(self) -> None:
        swaps = [card for card in catalog.shipped() if card.operations == ("face_swap",)]
        assert {card.provider for card in swaps} == {"fal", "replicate"}
        for card in swaps:
            assert not card.is_enabled, card.key
            assert "before you switch it on" in card.limits, card.key

    def test_names_source_and_date_of_every_price(self) -> None:
        for card in catalog.shipped():
            assert card.source, card.key
            assert card.price_micros is None or card.price_from is not None, card.key

    def test_charges_nothing_for_this_machine_and_says_its_limits(self) -> None:
        for card in catalog.shipped():
            if card.provider == "local":
                assert (card.price_micros, card.tier) == (0, "low")
                assert card.limits, card.key
            elif card.provider == "comfyui":
                assert card.price_micros == 0, "a machine of one's own bills nothing"
            elif card.is_enabled:
                assert card.price_micros, card.key

    def test_has_every_model_the_line_is_made_for(self) -> None:
        labels = " ".join(card.label.lower() for card in catalog.shipped())
        for name in (
            "flux", "sdxl", "nano banana", "object eraser", "background remover", "upscaler",
            "face swap", "face restoration", "kling", "veo", "seedance",
        ):  # fmt: skip
            assert name in labels
        told = {name for card in catalog.shipped() for name in card.capabilities}
        assert told >= {"inpaint", "outpaint", "text_to_image", "face_swap", "face_restore"}

    def test_profiles_every_hosted_model_and_keeps_the_unlicensed_off(self) -> None:
        for card in catalog.shipped():
            if card.provider != "local":
                assert card.fidelity is not None, card.key
            if card.is_commercial is False or not card.operations:
                assert not card.is_enabled, card.key

    def test_is_sound_today_and_refused_once_a_model_has_ended(self) -> None:
        text = catalog.CATALOG_FILE.read_text(encoding="utf-8")
        catalog.parse(text, today=date(2026, 11, 24))
        with pytest.raises(BadCatalog, match="retired but still enabled"):
            catalog.parse(text, today=date(2027, 3, 15))


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
            ({"life_cycle": '"retired"'}, "retired but still enabled; set enabled = false"),
            ({"life_cycle": '"old"'}, 'life_cycle "old" is unknown'),
            ({"profile": "{ fidelity = 1.2 }"}, "profile.fidelity must lie in 0 to 1"),
            ({"profile": "{ charm = 0.2 }"}, 'profile "charm" is unknown'),
            ({"motion_profiles": '["jumpy"]'}, 'motion profile "jumpy" is unknown'),
            ({"max_size": "[1080]"}, "max_size must be"),
            ({"max_seconds": "-1"}, '"max_seconds" must be a number'),
            ({"mask": '"yes"'}, '"mask" must be true or false'),
            ({"retired_on": '"soon"'}, '"retired_on" must be a date'),
            ({"enabled": '"no"'}, '"enabled" must be true or false'),
            ({"prise": '"0.04"'}, 'field "prise" is unknown; correct its spelling'),
            ({"price_rule": '[{price = "0.05"}]'}, "two prices for 2026-11-23; keep one"),
            (
                {"price_rule": '[{price = "1", audio = true}, {price = "2", audio = true}]'},
                "price rule 2: there are two prices",
            ),
            ({"price_rule": '[{price = "1", unit = "token"}]'}, 'unit "token" is unknown'),
            ({"price_rule": "[{price = 1.5}]"}, "write the price as text"),
        ],
    )
    def test_names_what_is_wrong(self, changed: dict[str, str | None], said: str) -> None:
        with pytest.raises(BadCatalog, match=said) as caught:
            catalog.parse(toml(**changed))
        assert 'catalog.toml, line 1, model "m"' in str(caught.value)

    def test_names_the_line_of_the_row(self) -> None:
        with pytest.raises(BadCatalog, match='line 14, model "n"'):
            catalog.parse(toml() + "\n" + toml(key='"n"', tier='"gold"'))

    def test_reads_profile_life_cycle_and_published_prices(self) -> None:
        (card,) = catalog.parse(
            toml(
                profile="{ fidelity = 0.8, text = 0.3 }", retired_on="2027-03-15",
                life_cycle='"deprecated"', max_size="[1080, 1920]", mask="true", references="3",
                text_locales='["en", "de"]',
                price_rule='[{price = "0.08", audio = true}, {price = "0.05", from = 2027-01-01}]',
            )
        )  # fmt: skip
        assert (card.fidelity, card.text, card.anatomy) == (0.8, 0.3, None)
        assert (card.max_width, card.max_height, card.takes_mask) == (1080, 1920, True)
        assert (card.max_references, card.text_locales) == (3, ("en", "de"))
        assert [rule.micros for rule in card.price_rules] == [80_000, 50_000]
        assert card.price_rules[1].start == date(2027, 1, 1)
        assert all(rule.source == "the page" for rule in card.price_rules)

    def test_takes_a_model_that_no_operation_uses_yet_when_it_is_off(self) -> None:
        row = {"operations": "[]", "enabled": "false", "capabilities": '["face_swap"]'}
        (card,) = catalog.parse(toml(**row))
        assert (card.operations, card.capabilities) == ((), ("face_swap",))

    def test_refuses_two_of_one_name_and_broken_text(self) -> None:
        with pytest.raises(BadCatalog, match="rename one"):
            catalog.parse(toml() + toml())
        with pytest.raises(BadCatalog, match="not valid TOML"):
            catalog.parse("[[model")

    def test_takes_a_model_without_a_price_when_it_is_off(self) -> None:
        (card,) = catalog.parse(toml(price=None, enabled="false"))
        assert (card.price_micros, card.is_enabled) == (None, False)
