"""The catalog's rows: filled once, an admin's afterwards, and never without a price."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from campaigns.actions import catalogs
from campaigns.models import AdSet, CatalogModel, Event, Team
from campaigns.permissions import NotAllowed
from campaigns.stages.base import BadParams
from routing import catalog
from tests import factories


def change(team: Team, by: User, **values: object) -> CatalogModel:
    row = CatalogModel.objects.get(key="local-type")
    wanted = {"tier": "medium", "price_micros": 5, "is_enabled": True, **values}
    catalogs.change(team=team, row=row, by=by, **wanted)
    return CatalogModel.objects.get(pk=row.pk)


class TestSync:
    def test_fills_the_shipped_models_and_again_changes_nothing(self, team: Team) -> None:
        before = list(CatalogModel.objects.order_by("key").values_list("key", "price_micros"))
        catalogs.sync()
        after = list(CatalogModel.objects.order_by("key").values_list("key", "price_micros"))
        assert before == after
        assert len(after) == len(catalog.shipped())

    def test_mends_what_no_admin_touched_and_leaves_the_rest(self, team: Team, ada: User) -> None:
        change(team, ada)
        CatalogModel.objects.filter(key="local-compose").update(label="Broken")
        catalogs.sync()
        assert CatalogModel.objects.get(key="local-compose").label == "Local composer"
        assert CatalogModel.objects.get(key="local-type").tier == "medium"


class TestChange:
    def test_is_for_new_runs_only(self, team: Team, ada: User, mara: User, ad_set: AdSet) -> None:
        run = factories.open_run(factories.asset(ad_set, by=mara))
        row = change(team, ada)
        assert (row.tier, row.price_micros, row.is_edited) == ("medium", 5, True)
        run.refresh_from_db()
        assert (run.tier, run.maximum_micros) == ("low", 0)
        event = Event.objects.get(verb="model.change")
        assert (event.before["price_micros"], event.after["price_micros"]) == (0, 5)

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"price_micros": None}, "price"),
            ({"price_micros": -1}, "price"),
            ({"tier": "x"}, "tier"),
        ],
    )
    def test_refuses_what_cannot_be(
        self, team: Team, ada: User, values: dict[str, object], field: str
    ) -> None:
        with pytest.raises(BadParams) as caught:
            change(team, ada, **values)
        assert caught.value.field == field
        assert not CatalogModel.objects.filter(is_edited=True).exists()

    def test_may_leave_a_model_without_a_price_switched_off(self, team: Team, ada: User) -> None:
        assert change(team, ada, price_micros=None, is_enabled=False).price_micros is None

    def test_is_for_admins(self, team: Team, dana: User, otto: User) -> None:
        for person in (dana, otto):
            with pytest.raises(NotAllowed):
                change(team, person)
