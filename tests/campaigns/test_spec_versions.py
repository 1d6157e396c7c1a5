"""Platform limits in versions: copied, edited, compared, put in force, and what that means."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from campaigns import jobs
from campaigns.actions import exports, file_mends, platform_files, spec_versions
from campaigns.models import AdSet, Asset, SpecVersion, Team
from campaigns.permissions import NotAllowed
from campaigns.queries import package as package_reads
from campaigns.queries import spec_versions as reads
from campaigns.transitions import NotNow
from tests import factories
from tests.campaigns import ready

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Numbers of rows repeat from test to test, so nothing read stays."""
    reads.parsed.cache_clear()
    yield
    reads.parsed.cache_clear()


@pytest.fixture
def staff(ada: User) -> User:
    ada.is_staff = True
    ada.save(update_fields=["is_staff"])
    return ada


@pytest.fixture
def draft(team: Team, staff: User) -> SpecVersion:
    return spec_versions.copy(team=team, platform="reels", source=None, by=staff)


def strict(row: SpecVersion, most: int = 1_000) -> str:
    """The draft with a file size that no still keeps."""
    data: dict[str, Any] = json.loads(json.dumps(row.data))
    image = next(spec for spec in data["specs"] if spec["id"] == "instagram.reels.image_ad")
    next(one for one in image["limits"] if one["key"] == "file_size")["value"] = most
    return json.dumps(data)


class TestDrafts:
    def test_copy_what_counts_and_get_a_name_of_their_own(
        self, team: Team, staff: User, draft: SpecVersion
    ) -> None:
        again = spec_versions.copy(team=team, platform="reels", source=draft, by=staff)
        assert draft.data["version"] == draft.version != again.version
        assert {**draft.data, "version": 0} == {**reads.shipped("reels"), "version": 0}

    @pytest.mark.parametrize(
        ("text", "says"),
        [("{", "not valid JSON"), ("[]", "one JSON object"), ("[" * 100_000, "JSON"),
         ('{"schema": 9}', "schema")],
    )  # fmt: skip
    def test_refuse_what_cannot_be_read_and_stay_as_they_were(
        self, team: Team, staff: User, draft: SpecVersion, text: str, says: str
    ) -> None:
        before = draft.data
        with pytest.raises(spec_versions.BadSpec, match=says):
            spec_versions.save(team=team, row=draft, text=text, note="", by=staff)
        draft.refresh_from_db()
        assert draft.data == before

    def test_belong_to_the_installations_admin(
        self, team: Team, ada: User, dana: User, draft: SpecVersion
    ) -> None:
        User.objects.filter(pk=ada.pk).update(is_staff=False)
        for person in (dana, User.objects.get(pk=ada.pk)):
            with pytest.raises(NotAllowed):
                spec_versions.copy(team=team, platform="reels", source=None, by=person)
            with pytest.raises(NotAllowed):
                spec_versions.put_in_force(team=team, row=draft, by=person)

    def test_are_closed_once_they_counted(
        self, team: Team, staff: User, draft: SpecVersion
    ) -> None:
        spec_versions.put_in_force(team=team, row=draft, by=staff)
        with pytest.raises(NotNow, match="Copy it"):
            spec_versions.save(team=team, row=draft, text=strict(draft), note="", by=staff)
        spec_versions.put_back(team=team, platform="reels", by=staff)
        assert reads.in_force("reels") is None

    def test_only_one_counts_a_platform(self, team: Team, staff: User, draft: SpecVersion) -> None:
        other = spec_versions.copy(team=team, platform="reels", source=None, by=staff)
        for row in (draft, other):
            spec_versions.put_in_force(team=team, row=row, by=staff)
        assert reads.in_force("reels") == other
        with pytest.raises(IntegrityError), transaction.atomic():
            SpecVersion.objects.filter(pk=draft.pk).update(is_in_force=True)


class TestReadyAssets:
    @pytest.fixture
    def asset(self, ad_set: AdSet, mara: User) -> Asset:
        return ready.ready(ad_set, by=mara, platforms=("reels",))

    def test_that_would_fail_are_named_before_and_checked_once_made_again(
        self, team: Team, staff: User, mara: User, asset: Asset, draft: SpecVersion, client: Client
    ) -> None:
        spec_versions.save(team=team, row=draft, text=strict(draft), note="Tight", by=staff)
        draft.refresh_from_db()
        page = reads.page(row=draft, team=team)
        (change,) = page.changes
        assert (change.placement, change.what) == ("Reels image ad", "File size")
        (hit,) = page.affected
        assert (hit.asset, [one.key for one in hit.reasons]) == (asset, ["file_size"])
        assert page.elsewhere == 0

        client.force_login(staff)
        address = reverse("spec_version", args=[team.slug, draft.pk])
        shown = client.get(address).content.decode()
        assert asset.title in shown
        assert "at most 1 KB" in shown
        client.post(address, {"action": "use"})
        assert client.get(reverse("spec_versions", args=[team.slug])).status_code == 200
        assert ready.fresh(asset).ready_at is not None  # nothing happens by itself

        client.force_login(mara)
        shown = client.get(reverse("qa", args=[team.slug, asset.pk])).content.decode()
        assert "Other limits count now" in shown
        row = platform_files.of_asset(ready.fresh(asset))[0]
        file_mends.mend(row=row, key="limits", seen=str(row.revision), by=mara)
        factories.drain()
        row = platform_files.of_asset(ready.fresh(asset))[0]
        assert (row.spec_version, row.verdict) == (draft.version, "fail")

    def test_of_other_teams_are_only_counted(
        self, team: Team, staff: User, asset: Asset, draft: SpecVersion, otto: User
    ) -> None:
        spec_versions.save(team=team, row=draft, text=strict(draft), note="", by=staff)
        draft.refresh_from_db()
        other = otto.memberships.first().team
        page = reads.page(row=draft, team=other)
        assert (list(page.affected), page.elsewhere) == ([], 1)


class TestDisclosure:
    def test_a_corrected_step_stands_wherever_a_person_is_told_to_set_the_switch(
        self, team: Team, staff: User, ad_set: AdSet, mara: User, ben: User, client: Client,
        draft: SpecVersion,
    ) -> None:  # fmt: skip
        data = json.loads(json.dumps(draft.data))
        data["disclosure"]["when_not_ai"] = "Leave the new box empty."
        spec_versions.save(team=team, row=draft, text=json.dumps(data), note="Moved", by=staff)
        draft.refresh_from_db()
        spec_versions.put_in_force(team=team, row=draft, by=staff)
        asset = ready.ready(ad_set, by=mara, platforms=("reels", "shorts"))

        client.force_login(ben)
        pages = [client.get(reverse("qa", args=[team.slug, asset.pk])).content.decode()]
        export = exports.request(
            team=team, assets=[asset], platforms=["reels", "shorts"], token="t", by=ben
        )
        jobs.build_export(export.pk)
        export.refresh_from_db()
        pages.append(client.get(reverse("export", args=[team.slug, export.pk])).content.decode())
        with zipfile.ZipFile(export.file.path) as package:
            pages += [package.read(name).decode() for name in ("README.txt", "manifest.csv")]
        shipped = reads.shipped("reels")["disclosure"]["when_not_ai"]
        for page in pages:
            flat = " ".join(page.split())
            assert "Leave the new box empty." in flat
            assert shipped not in flat

        for switch in export.contents["switches"]:
            del switch["action"]  # as an earlier version built it
        (old, _) = package_reads.contents(export).switches
        assert old.action == shipped


class TestScreens:
    def test_copy_edit_and_say_what_is_wrong(self, client: Client, team: Team, staff: User) -> None:
        client.force_login(staff)
        address = reverse("spec_copy", args=[team.slug, "tiktok"])
        assert client.post(address).status_code == 302
        row = SpecVersion.objects.get()
        page = reverse("spec_version", args=[team.slug, row.pk])
        wrong = client.post(page, {"text": "{}", "note": ""})
        assert wrong.status_code == 422
        assert "Nothing was changed." in wrong.content.decode()
        assert client.post(page, {"text": json.dumps(row.data), "note": "x"}).status_code == 302
        assert client.post(address, {"source": "9" * 400}).status_code == 404
        bad = reverse("spec_copy", args=[team.slug, "vine"])
        assert client.post(bad).status_code == 404

    def test_a_limit_is_changed_in_its_own_box_and_errors_stand_there(
        self, client: Client, team: Team, staff: User, draft: SpecVersion, ben: User
    ) -> None:
        client.force_login(staff)
        page = reverse("spec_version", args=[team.slug, draft.pk])
        shown = client.get(page, {"placement": "instagram.reels.image_ad"}).content.decode()
        assert "Edit · Reels image ad" in shown
        assert "Advanced: edit the text" in shown
        form = reads.form(row=draft, placement="instagram.reels.image_ad", given={}, errors={})
        typed = {box.name: box.value for row in form.rows for box in row.inputs}
        sent = {**typed, "action": "limits", "placement": form.placement, "seen": form.seen}
        size = next(
            box.name
            for row in form.rows
            if row.label == "File size"
            for box in row.inputs
            if box.label == "Number"
        )
        wrong = client.post(page, {**sent, size: "<b>lots</b>"})
        assert wrong.status_code == 422
        text = wrong.content.decode()
        assert "Enter a number of at least 0, such as 60." in text
        assert f'aria-describedby="{size}-error"' in text
        assert "&lt;b&gt;lots" in text
        assert "1 field needs another look. Nothing was changed." in text
        saved = client.post(page, {**sent, size: "7", "note": "Read again"})
        assert saved.status_code == 302
        draft.refresh_from_db()
        assert draft.note == "Read again"
        (change,) = reads.page(row=draft, team=team).changes
        assert (change.what, change.after.split(",")[0]) == ("File size", "at most 7 MB")
        late = client.post(page, {**sent, size: "9"}, headers={"Accept": "application/json"})
        assert late.status_code == 409
        client.force_login(ben)
        assert 'name="action" value="limits"' not in client.get(page).content.decode()
        client.post(page, {**sent, size: "9"})
        draft.refresh_from_db()
        assert reads.page(row=draft, team=team).changes[0].after.startswith("at most 7 MB")

    def test_are_read_by_all_and_changed_by_the_admin_only(
        self, client: Client, team: Team, ben: User, draft: SpecVersion
    ) -> None:
        client.force_login(ben)
        page = reverse("spec_version", args=[team.slug, draft.pk])
        shown = client.get(page).content.decode()
        assert "Put in force" not in shown
        client.post(page, {"action": "use"})
        assert reads.in_force("reels") is None
