"""Campaigns, people, settings, models, signing in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import people, setting_up
from campaigns.models import AdSet, Campaign, CatalogModel, Event, Invitation, SignInLink, Team
from campaigns.models.choices import Ceiling
from campaigns.queries import access
from tests import factories


class TestCampaigns:
    def test_one_page_makes_a_campaign_with_its_ad_sets(
        self, client: Client, team: Team, mara: User
    ) -> None:
        client.force_login(mara)
        client.post(
            reverse("campaign_new", args=[team.slug]),
            {
                "name": "Été ☕ <script>",
                "ad_sets": "A\n\nB\nA\n",
                "default_locale": "fr-FR",
                "ceiling": "low",
            },
        )
        campaign = Campaign.objects.get()
        assert campaign.ad_sets.count() == 2
        tiers = campaign.budget_lines.values_list("tier", flat=True)
        assert sorted(tiers) == ["", "high", "low", "medium"]
        page = client.get(reverse("campaigns", args=[team.slug])).content.decode()
        assert "&lt;script&gt;" in page

    @pytest.mark.parametrize("ceiling", ["medium", "high"])
    def test_a_ceiling_above_low_is_a_managers_from_the_first_day(
        self, client: Client, team: Team, mara: User, dana: User, ceiling: str
    ) -> None:
        values = {"name": "Spring", "ad_sets": "A", "default_locale": "en-GB", "ceiling": ceiling}
        address = reverse("campaign_new", args=[team.slug])
        client.force_login(mara)
        assert f'value="{ceiling}"' not in client.get(address).content.decode()
        assert client.post(address, values).status_code == 422
        with pytest.raises(permissions.NotAllowed):
            setting_up.create_campaign(
                team=team, name="Spring", ceiling=Ceiling(ceiling), default_locale="en-GB",
                ad_sets=["A"], by=mara,
            )  # fmt: skip
        assert not Campaign.objects.exists()
        client.force_login(dana)
        assert client.post(address, values).status_code == 302
        assert Campaign.objects.get().ceiling == ceiling

    def test_a_wrong_locale_is_named_and_nothing_is_lost(
        self, client: Client, team: Team, mara: User
    ) -> None:
        client.force_login(mara)
        answer = client.post(
            reverse("campaign_new", args=[team.slug]),
            {"name": "Spring", "ad_sets": "A", "default_locale": "english!", "ceiling": "low"},
        )
        assert answer.status_code == 422
        assert "Write a locale such as en-GB" in answer.content.decode()
        assert 'value="Spring"' in answer.content.decode()

    def test_an_ad_set_name_twice_is_refused_in_words(
        self, client: Client, team: Team, mara: User
    ) -> None:
        campaign = factories.ad_set(team, by=mara).campaign
        client.force_login(mara)
        url = reverse("ad_set_add", args=[team.slug, campaign.pk])
        page = client.post(url, {"name": "Prospecting"}, follow=True).content.decode()
        assert "Choose another name" in page
        assert campaign.ad_sets.count() == 1

    def test_a_brand_that_is_too_long_for_a_platform_can_be_changed(
        self, client: Client, ad_set: AdSet, mara: User, ben: User
    ) -> None:
        campaign = ad_set.campaign
        where = reverse("campaign", args=[campaign.team.slug, campaign.pk])
        client.force_login(ben)
        client.post(where, {"brand": "Ben's"})
        assert Campaign.objects.get(pk=campaign.pk).brand == campaign.brand
        client.force_login(mara)
        assert 'name="brand"' in client.get(where).content.decode()
        client.post(where, {"brand": "Northwind"})
        client.post(where, {"brand": "x" * 81})
        campaign.refresh_from_db()
        assert campaign.brand == "Northwind"
        event = Event.objects.get(verb="campaign.brand")
        assert event.after == {"brand": "Northwind"}


class TestPeople:
    def test_an_invitation_leads_a_new_person_into_the_team(
        self, client: Client, team: Team, ada: User
    ) -> None:
        client.force_login(ada)
        client.post(
            reverse("people_invite", args=[team.slug]),
            {"email": "New@Example.com", "roles": ["curator", "buyer"]},
        )
        (letter,) = mail.outbox
        path = letter.body.split("http://testserver")[1].split()[0]
        client.logout()
        client.post(path, {"name": "Nia", "password": factories.PASSWORD})
        user = User.objects.get(username="new@example.com")
        assert access.roles(user, team) == {"curator", "buyer"}
        client.logout()
        assert client.get(path).status_code == 410

    def test_without_a_mail_server_the_link_is_there_to_pass_on(
        self, client: Client, team: Team, ada: User, settings: Any
    ) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
        client.force_login(ada)
        page = client.post(
            reverse("people_invite", args=[team.slug]),
            {"email": "new@example.com", "roles": ["curator"]},
        ).content.decode()
        assert "no mail could be sent" in page
        assert "http://testserver/invitation/" in page
        assert "is mailed" not in page

    def test_a_known_person_joins_only_with_the_invited_address(
        self, client: Client, team: Team, ada: User, otto: User
    ) -> None:
        _, path = people.invite(team=team, email="cora@example.com", roles=["curator"], by=ada)
        client.force_login(otto)
        client.post(path)
        assert access.roles(otto, team) == frozenset()

    def test_an_expired_invitation_is_refused(self, client: Client, team: Team, ada: User) -> None:
        _, path = people.invite(team=team, email="late@example.com", roles=["buyer"], by=ada)
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert client.get(path).status_code == 410

    def test_the_last_admin_cannot_be_taken_out(self, client: Client, team: Team) -> None:
        founder = team.memberships.order_by("pk")[0].user
        client.force_login(founder)
        url = reverse("people_roles", args=[team.slug, founder.pk])
        page = client.post(url, {"roles": ["buyer"]}, follow=True).content.decode()
        assert "needs an admin" in page
        assert "admin" in access.roles(founder, team)

    def test_a_curator_cannot_make_herself_manager(
        self, client: Client, team: Team, cleo: User
    ) -> None:
        client.force_login(cleo)
        client.post(reverse("people_roles", args=[team.slug, cleo.pk]), {"roles": ["manager"]})
        assert access.roles(cleo, team) == {"curator"}


class TestSignIn:
    def test_a_one_time_link_works_once_and_only_when_the_button_is_pressed(
        self, client: Client, team: Team, mara: User
    ) -> None:
        path = people.sign_in_path(user=mara)
        assert client.get(path).status_code == 200
        assert "_auth_user_id" not in client.session
        client.post(path)
        assert client.session["_auth_user_id"] == str(mara.pk)
        client.logout()
        assert client.post(path).status_code == 410

    def test_only_the_hash_of_the_link_is_stored(self, team: Team, mara: User) -> None:
        token = people.sign_in_path(user=mara).split("/")[-2]
        assert token not in str(SignInLink.objects.values())

    def test_the_address_is_the_same_in_any_case(self, client: Client, mara: User) -> None:
        client.post(
            reverse("login"), {"username": " Mara@Example.com", "password": factories.PASSWORD}
        )
        assert client.session["_auth_user_id"] == str(mara.pk)

    def test_guessing_locks_the_account_for_a_while(self, client: Client, mara: User) -> None:
        for _ in range(12):
            client.post(reverse("login"), {"username": mara.username, "password": "wrong"})
        answer = client.post(
            reverse("login"), {"username": mara.username, "password": factories.PASSWORD}
        )
        assert answer.status_code in {403, 429}
        assert "_auth_user_id" not in client.session

    def test_a_reset_letter_leads_to_a_new_password(self, client: Client, mara: User) -> None:
        client.post(reverse("password_reset"), {"email": mara.email})
        path = mail.outbox[0].body.split("http://testserver")[1].split()[0]
        form = client.get(path, follow=True)
        page = form.redirect_chain[-1][0]
        client.post(
            page, {"new_password1": "another long one", "new_password2": "another long one"}
        )
        mara.refresh_from_db()
        assert mara.check_password("another long one")


class TestSettingsAndModels:
    def test_an_admin_changes_the_gate(self, client: Client, team: Team, ada: User) -> None:
        client.force_login(ada)
        client.post(
            reverse("team_settings", args=[team.slug]),
            {
                "name": team.name,
                "gate_threshold_percent": "60",
                "review_rate": "45",
                "brand_colors": "#AABBCC",
                "name_pattern": team.name_pattern,
            },
        )
        team.refresh_from_db()
        assert (team.gate_threshold_percent, team.brand_colors) == (60, ["#aabbcc"])

    def test_a_pattern_without_the_code_is_refused(
        self, client: Client, team: Team, ada: User
    ) -> None:
        client.force_login(ada)
        answer = client.post(
            reverse("team_settings", args=[team.slug]),
            {
                "name": team.name,
                "gate_threshold_percent": "60",
                "review_rate": "45",
                "name_pattern": "{brand}",
            },
        )
        assert "exactly once" in answer.content.decode()

    @pytest.mark.parametrize(("staff", "price"), [(True, 2_000_000), (False, 0)])
    def test_the_catalog_is_changed_by_staff_alone(
        self, client: Client, team: Team, ada: User, staff: bool, price: int
    ) -> None:
        User.objects.filter(pk=ada.pk).update(is_staff=staff)
        client.force_login(User.objects.get(pk=ada.pk))
        row = CatalogModel.objects.get(key="local-motion")
        client.post(
            reverse("model", args=[team.slug, row.pk]),
            {"tier": "high", "price": "2", "is_enabled": "on"},
        )
        row.refresh_from_db()
        assert row.price_micros == price
