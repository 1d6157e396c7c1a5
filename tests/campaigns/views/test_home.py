"""Where people land, and the palette's search."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib.auth.models import User
from django.test import Client

from campaigns.models import AdSet, Team
from tests import factories


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class TestHome:
    def test_asks_a_stranger_to_sign_in(self, db: None) -> None:
        assert Client().get("/")["Location"].startswith("/sign-in/")

    def test_leads_to_the_board(self, team: Team, mara: User) -> None:
        assert signed_in(mara).get("/")["Location"] == f"/t/{team.slug}/board/"

    def test_remembers_the_team_used_last(self, team: Team, mara: User) -> None:
        other = factories.team("Aardvark", founder=mara)
        client = signed_in(mara)
        assert client.get("/")["Location"] == f"/t/{other.slug}/board/"
        client.get(f"/t/{team.slug}/")
        assert client.get("/")["Location"] == f"/t/{team.slug}/board/"

    def test_tells_a_person_without_a_team_how_to_get_one(self, db: None) -> None:
        nora = factories.person("Nora")
        page = signed_in(nora).get("/").content.decode()
        assert "Ask an admin of a team" in page
        assert "/teams/new/" not in page
        nora.is_staff = True
        nora.save()
        assert "/teams/new/" in signed_in(nora).get("/").content.decode()


class TestNewTeam:
    """Whoever founds a team could approve any spend in it, and all teams share the keys."""

    def test_is_made_by_the_installations_admin_alone(self, team: Team, mara: User) -> None:
        answer = signed_in(mara).post("/teams/new/", {"name": "My own"})
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "only its admin makes new ones" in answer.content.decode()
        assert Team.objects.get() == team
        mara.is_staff = True
        mara.save()
        assert signed_in(mara).post("/teams/new/", {"name": "My own"})["Location"] == (
            "/t/my-own/board/"
        )


class TestSearch:
    def test_finds_assets_of_this_team_only(
        self, ad_set: AdSet, mara: User, otto: User, team: Team
    ) -> None:
        asset = factories.asset(ad_set, by=mara, title="Hero portrait")
        hits = signed_in(mara).get(f"/t/{team.slug}/search/", {"q": "hero"}).json()
        assert hits == [
            {
                "label": "Hero portrait",
                "hint": "Spring · Prospecting · Generation",
                "url": f"/t/{team.slug}/assets/{asset.pk}/",
            }
        ]
        assert signed_in(otto).get("/t/contoso/search/", {"q": "hero"}).json() == []
        theirs = signed_in(otto).get(f"/t/{team.slug}/search/", {"q": "hero"})
        assert theirs.status_code == HTTPStatus.NOT_FOUND
