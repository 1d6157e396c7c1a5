"""The Exports page: what may be packaged, packages, downloads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from campaigns import jobs
from campaigns.actions import consents, declaring, platform_files, waivers
from campaigns.models import AdSet, Asset, Export, Gate, PlatformFile, StageRun, Team
from campaigns.models.choices import Role
from campaigns.queries import still_approved
from tests import factories
from tests.campaigns import ready

pytestmark = pytest.mark.django_db
QUERIES = 14  # and seven more to see whether packages still stand
STANDING = 7


def begin_module(ad_set: AdSet, *, by: User) -> Asset:
    return ready.ready(ad_set, by=by)


@pytest.fixture
def asset(begun: Asset) -> Asset:
    return ready.fresh(begun)


def url(team: Team, name: str = "exports", *args: int | str) -> str:
    return reverse(name, args=[team.slug, *args])


def ask(client: Client, team: Team, assets: Any, click: str = "t") -> Any:
    data = {"assets": assets, "platforms": ["tiktok", "reels", "shorts"], "token": click}
    return client.post(url(team, "export_new"), data)


class TestExports:
    def test_preselects_and_names_what_is_not_ready(
        self, client: Client, team: Team, asset: Asset, ad_set: AdSet, mara: User, ben: User
    ) -> None:
        other = ready.in_qa(ad_set, by=mara, title="<b>Late</b>")
        client.force_login(ben)
        page = client.get(url(team), {"assets": f"{asset.pk},{other.pk},x,"}).content.decode()
        assert f'value="{asset.pk}" checked' in page
        assert "&lt;b&gt;Late&lt;/b&gt;</a> stands in QA" in page
        assert f"_{asset.creative_code}.jpg" in page

    def test_another_teams_asset_is_not_there(
        self, client: Client, asset: Asset, otto: User
    ) -> None:
        client.force_login(otto)
        own = otto.memberships.first().team
        assert client.get(url(own), {"assets": asset.pk}).status_code == 404
        assert ask(client, own, [asset.pk]).status_code == 404
        assert client.get(url(asset.team)).status_code == 404

    def test_empty_says_the_next_step(self, client: Client) -> None:
        empty = factories.team("Empty")
        client.force_login(factories.member(empty, "Bea", Role.BUYER))
        assert "approved in QA" in client.get(url(empty)).content.decode()

    def test_the_number_of_queries_stays(
        self, client: Client, team: Team, asset: Asset, ad_set: AdSet, mara: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:  # fmt: skip
        client.force_login(mara)
        ask(client, team, [asset.pk], "a")
        client.get(url(team))
        with django_assert_num_queries(QUERIES):
            client.get(url(team))
        jobs.build_export(Export.objects.get().pk)
        with django_assert_num_queries(QUERIES + STANDING):
            client.get(url(team))
        for at in range(2):
            more = ready.ready(ad_set, by=mara, title=f"More {at}")
            ask(client, team, [more.pk], f"b{at}")
        client.get(url(team))
        with django_assert_num_queries(QUERIES + STANDING):
            client.get(url(team))


class TestLetPass:
    """A file that fails and that a manager let pass."""

    REASON = "It is set in the ad itself."

    @pytest.fixture
    def asset(self, ad_set: AdSet, mara: User, dana: User) -> Asset:
        words = "Fresh roast at your door every week, " * 4
        asset = ready.in_qa(ad_set, by=mara, subline=words[:140], platforms=("tiktok",))
        row = platform_files.of_asset(asset)[0]
        waivers.waive(row=row, key="text.ad_text", reason=self.REASON, by=dana)
        return ready.approve(asset, by=mara)

    def test_says_so_with_name_and_reason_on_both_pages_and_not_that_it_fails(
        self, client: Client, team: Team, asset: Asset, ben: User
    ) -> None:
        client.force_login(ben)
        page = client.get(url(team)).content.decode()
        assert f"TikTok still: Ad text let pass by Dana: {self.REASON}" in page
        assert ">let pass<" in page
        assert ">fails<" not in page
        ask(client, team, [asset.pk])
        export = Export.objects.get()
        jobs.build_export(export.pk)
        page = client.get(url(team, "export", export.pk)).content.decode()
        assert f"Let pass by Dana: {self.REASON}" in page
        assert "Fail" not in page

        export.refresh_from_db()
        del export.contents["files"][0]["waived_by"]  # as an earlier version built it
        export.save(update_fields=["contents"])
        page = client.get(url(team, "export", export.pk)).content.decode()
        assert "Let pass by a manager; manifest.csv says who and why." in page


class TestNew:
    def test_a_double_click_is_one_package_and_the_page_follows_it(
        self, client: Client, team: Team, asset: Asset, ben: User
    ) -> None:
        client.force_login(ben)
        first, second = ask(client, team, [asset.pk]), ask(client, team, [asset.pk])
        export = Export.objects.get()
        assert first["Location"] == second["Location"] == f"{url(team)}#package-{export.pk}"
        live = client.get(url(team, "exports_live"))
        assert live["X-Running"] == "1"
        headers = {"X-Version": live["X-Version"]}
        assert client.get(url(team, "exports_live"), headers=headers).status_code == 204
        jobs.build_export(export.pk)
        done = client.get(url(team, "exports_live"), headers=headers)
        assert (done.status_code, done["X-Running"]) == (200, "0")
        assert "Download" in done.content.decode()

    def test_nothing_and_a_wrong_role_are_answered_in_words(
        self, client: Client, team: Team, asset: Asset, ben: User, cleo: User
    ) -> None:
        client.force_login(ben)
        headers = {"Accept": "application/json"}
        empty = client.post(url(team, "export_new"), {"platforms": "reels"}, headers=headers)
        assert (empty.status_code, "Select at least one" in empty.json()["error"]) == (422, True)
        client.force_login(cleo)
        data = {"assets": asset.pk, "platforms": "reels"}
        assert client.post(url(team, "export_new"), data, headers=headers).status_code == 403
        assert not Export.objects.exists()


class TestPackage:
    def test_shows_the_switches_every_file_and_what_lies_beside(
        self, client: Client, team: Team, asset: Asset, ben: User, otto: User
    ) -> None:
        client.force_login(ben)
        ask(client, team, [asset.pk])
        export = Export.objects.get()
        assert "still being built" in client.get(url(team, "export", export.pk)).content.decode()
        jobs.build_export(export.pk)
        page = client.get(url(team, "export", export.pk)).content.decode()
        assert page.count(">Spring/Prospecting/</h2>") == 1
        assert page.count('class="package-file"') == 3
        assert "in TikTok Ads Manager" in page
        assert "bulk/tiktok_paste_sheet_1.csv" in page
        assert "not an import file" in page
        assert "0 of 3 files signed when they were made" in page
        assert "set C2PA_CERT" in page
        assert url(team, "export", export.pk) in client.get(url(team)).content.decode()
        sheet = client.get(
            reverse("export_part", args=[team.slug, export.pk, "contact_sheet.html"])
        )
        assert sheet["Content-Disposition"] == 'attachment; filename="contact_sheet.html"'
        assert b"Name, date, remarks" in b"".join(sheet.streaming_content)
        client.force_login(otto)
        assert client.get(url(team, "export", export.pk)).status_code == 404
        assert client.get(sheet.request["PATH_INFO"]).status_code == 404
        client.force_login(ben)
        for name in ("../secret_key", "nothing.txt", "bulk"):
            other = reverse("export_part", args=[team.slug, export.pk, name])
            assert client.get(other).status_code == 404


class TestDownload:
    def test_resumes_where_it_stopped(
        self, client: Client, team: Team, asset: Asset, ben: User, otto: User
    ) -> None:
        client.force_login(ben)
        ask(client, team, [asset.pk])
        export = Export.objects.get()
        at = url(team, "export_download", export.pk)
        assert client.get(at).status_code == 409
        jobs.build_export(export.pk)
        export.refresh_from_db()
        whole = client.get(at)
        content = b"".join(whole.streaming_content)
        assert whole["Content-Disposition"] == f'attachment; filename="{export.name}"'
        rest = client.get(at, headers={"Range": "bytes=1000-", "If-Range": whole["ETag"]})
        assert rest.status_code == 206
        assert b"".join(rest.streaming_content) == content[1000:]
        assert whole["ETag"] == f'"{export.sha256}"'
        client.force_login(otto)
        assert client.get(at).status_code == 404

    def test_a_failed_package_shows_why_and_is_built_again(
        self, client: Client, team: Team, asset: Asset, ben: User
    ) -> None:
        client.force_login(ben)
        ask(client, team, [asset.pk])
        Export.objects.update(state="failed", error="The disk was <full>.")
        page = client.get(url(team)).content.decode()
        assert "The disk was &lt;full&gt;." in page
        assert "Build again" in page
        export = Export.objects.get()
        client.post(url(team, "export_retry", export.pk))
        export.refresh_from_db()
        assert export.state == "queued"


class TestNotApprovedAnyMore:
    """What became of a package's assets after it was built."""

    @pytest.fixture
    def export(self, client: Client, team: Team, asset: Asset, ben: User) -> Export:
        client.force_login(ben)
        ask(client, team, [asset.pk])
        jobs.build_export(Export.objects.get().pk)
        return Export.objects.get()

    def got(self, client: Client, at: str) -> int:
        """The answer's status, its content read to the end."""
        answer = client.get(at)
        list(answer.streaming_content)
        return int(answer.status_code)

    def said(self, client: Client, export: Export) -> str:
        """What both pages and the notice after a download say, all but the same."""
        pages = [client.get(url(export.team)), client.get(url(export.team, "export", export.pk))]
        for page in pages:
            assert "Not approved any more:" in page.content.decode()
        (gone,) = still_approved.of([export])[export.pk]
        return gone.why

    def test_nothing_is_said_of_one_that_stands(self, client: Client, export: Export) -> None:
        assert still_approved.of([export]) == {export.pk: ()}
        page = client.get(url(export.team)).content.decode()
        assert "Not approved any more" not in page
        assert self.got(client, url(export.team, "export_download", export.pk)) == 200
        assert "Not approved" not in client.get(url(export.team)).content.decode()

    def test_a_photo_declared_ai_made_later_is_said_and_the_page_follows(
        self, client: Client, export: Export, asset: Asset, mara: User
    ) -> None:
        before = client.get(url(export.team, "exports_live"))["X-Version"]
        declaring.declare(asset=asset, answer="ai_generated", by=mara)
        assert self.said(client, export) == still_approved.SAID_ANEW
        live = client.get(url(export.team, "exports_live"), headers={"X-Version": before})
        assert live.status_code == 200
        factories.drain()
        assert self.said(client, export) == still_approved.SAID_ANEW
        assert self.got(client, url(export.team, "export_download", export.pk)) == 200
        assert self.got(client, url(export.team, "export_part", export.pk, "README.txt")) == 200
        notice = f"Not approved any more in {export.name}: {asset.title}:"
        assert notice in client.get(url(export.team)).content.decode()

    def test_a_withdrawn_approval_another_version_and_a_new_file_are_told_apart(
        self, client: Client, export: Export, asset: Asset
    ) -> None:
        row = platform_files.of_asset(ready.fresh(asset))[0]
        PlatformFile.objects.filter(pk=row.pk).update(made_at=timezone.now())
        assert self.said(client, export) == "TikTok still: It was made again after it was packed."
        Gate.objects.filter(asset=asset, stage="qa").update(withdrawn_at=timezone.now())
        assert self.said(client, export) == still_approved.WITHDRAWN
        export.items.update(sha256="0" * 64)
        assert self.said(client, export) == still_approved.OTHER

    def test_what_changed_while_it_was_packed_is_not_in_it(
        self, export: Export, asset: Asset
    ) -> None:
        began = datetime.fromisoformat(export.contents["gathered_at"])
        assert began < export.finished_at
        row = platform_files.of_asset(ready.fresh(asset))[0]
        between = began + (export.finished_at - began) / 2
        PlatformFile.objects.filter(pk=row.pk).update(made_at=between)
        (gone,) = still_approved.of([export])[export.pk]
        assert "made again after it was packed" in gone.why

    def test_a_revoked_consent_keeps_it_in_the_house(
        self, client: Client, export: Export, asset: Asset, mara: User, dana: User
    ) -> None:
        agreed = factories.consent(export.team, by=mara)
        run = StageRun.objects.filter(pk=asset.current.run_id)
        run.update(operation="face_swap", consent=agreed)
        download = url(export.team, "export_download", export.pk)
        assert self.got(client, download) == 200
        consents.revoke(consent=agreed, reason="Asked to", by=dana)
        assert "was revoked on" in self.said(client, export)
        for at in (download, url(export.team, "export_part", export.pk, "contact_sheet.html")):
            answer = client.get(at)
            assert answer.status_code == 409
            assert "build the package again on Exports" in answer.content.decode()
        for at in (url(export.team), url(export.team, "export", export.pk)):
            assert download not in client.get(at).content.decode()

    def test_one_and_three_packages_cost_the_same(
        self, client: Client, team: Team, export: Export, asset: Asset, mara: User,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:  # fmt: skip
        agreed = factories.consent(team, by=mara)
        run = StageRun.objects.filter(pk=asset.current.run_id)
        run.update(operation="face_swap", consent=agreed)
        with django_assert_num_queries(8):
            still_approved.of([export])
        for at in range(2):
            more = ready.ready(asset.ad_set, by=mara, title=f"More {at}", platforms=("reels",))
            ask(client, team, [more.pk, asset.pk], f"more{at}")
        built = {"state": "ready", "file": "x.zip", "sha256": "0" * 64}
        Export.objects.exclude(pk=export.pk).update(**built, finished_at=timezone.now())
        every = list(Export.objects.order_by("pk"))
        with django_assert_num_queries(8):
            found = still_approved.of(every)
        assert found == {one.pk: () for one in every}
        assert len(found) == 3
