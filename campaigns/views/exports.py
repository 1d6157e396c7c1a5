"""Exports: ready assets into packages, packages to download."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import messages
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions, wiring
from campaigns.actions import exports as actions
from campaigns.formats.media import UNKNOWN
from campaigns.models import Campaign, Export
from campaigns.models.choices import ExportState, Platform
from campaigns.queries import access, still_approved
from campaigns.queries import exports as reads
from campaigns.queries import package as package_reads
from campaigns.transitions import NotNow
from campaigns.views.base import TeamRequest, in_team, token, wants_json
from campaigns.views.media import deliver


def _numbers(text: str) -> list[int]:
    """The ids in "1,2,3"; anything else is left out."""
    found = (part.strip() for part in text[:8000].split(","))
    return [int(part) for part in found if part.isascii() and part.isdigit() and len(part) < 18]


@require_safe
@in_team
def exports(request: TeamRequest) -> HttpResponse:
    """Ready assets to select, the tree of the package to come, packages."""
    selected = _numbers(request.GET.get("assets", ""))
    access.assets(request.team, selected)  # another team's asset is not there
    campaign = _campaign(request)
    ready = reads.ready(team=request.team, selected=selected, campaign=campaign)
    values = {
        "ready": ready,
        "selected_count": sum(row.is_selected for row in ready.rows),
        "packages": reads.packages(team=request.team),
        "platforms": Platform.choices,
        "campaign": campaign,
        "may_export": permissions.can_export(request.roles),
        "signing": wiring.signing(),
        "token": token(),
    }
    return render(request, "exports/exports.html", values)


def _campaign(request: TeamRequest) -> Campaign | None:
    wanted = _numbers(request.GET.get("campaign", ""))[:1]
    return access.campaign(request.team, wanted[0]) if wanted else None


@require_safe
@in_team
def live(request: TeamRequest) -> HttpResponse:
    """The list of packages when it changed, else 204."""
    packages = reads.packages(team=request.team)
    if request.headers.get("X-Version") == packages.version:
        response = HttpResponse(status=204)
    else:
        may_export = permissions.can_export(request.roles)
        values = {"packages": packages, "may_export": may_export}
        response = render(request, "exports/_packages.html", values)
    response["X-Version"] = packages.version
    response["X-Running"] = "1" if packages.is_working else "0"
    return response


@require_POST
@in_team
def new(request: TeamRequest) -> HttpResponseBase:
    """Ask for a package of the ticked assets."""
    assets = access.assets(request.team, _numbers(",".join(request.POST.getlist("assets"))))
    export = actions.request(
        team=request.team,
        assets=assets,
        platforms=request.POST.getlist("platforms"),
        token=request.POST.get("token", "")[:64] or token(),
        by=request.user,
    )
    back = f"{reverse('exports', args=[request.team.slug])}#package-{export.pk}"
    if wants_json(request):
        return JsonResponse({"id": export.pk, "url": back})
    messages.info(request, f"{export.name} is being built.")
    return redirect(back)


@require_safe
@in_team
def package(request: TeamRequest, pk: int) -> HttpResponse:
    """What is in one package, and which switches to set for it."""
    export: Export = access.export(request.team, pk)
    values = {
        "export": export,
        "row": reads.PackageRow(export, still_approved.of([export])[export.pk]),
        "contents": package_reads.contents(export),
        "signing": wiring.signing(),
    }
    return render(request, "exports/package.html", values)


@require_safe
@in_team
def part(request: TeamRequest, pk: int, name: str) -> HttpResponseBase:
    """One file from beside the media alone, such as the contact sheet to send to a client."""
    export: Export = access.export(request.team, pk)
    if export.state != ExportState.READY or not package_reads.has_part(export, name):
        raise Http404
    _check_may_go(request, export)
    # as bytes: a page of ours is looked at from the disk, never inside this site
    response = StreamingHttpResponse(_pieces(export, name), content_type=UNKNOWN)
    shown = name.rpartition("/")[2]
    response["Content-Disposition"] = content_disposition_header(True, shown) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-cache"
    return response


def _check_may_go(request: TeamRequest, export: Export) -> None:
    """Raises NotNow for a package with a face whose person does not agree any more; for anything
    else that is not as it was approved the next page has a notice."""
    gone = still_approved.of([export])[export.pk]
    why = still_approved.stopping(gone)
    if why:
        raise NotNow(why)
    if gone and "Range" not in request.headers:  # once a download, however often it is resumed
        more = f" And {len(gone) - 1} more." if len(gone) > 1 else ""
        messages.warning(request, f"Not approved any more in {export.name}: {gone[0]}{more}")


def _pieces(export: Export, name: str) -> Iterator[bytes]:
    with package_reads.part_of(export, name) as found:
        while piece := found.read(1 << 16):
            yield piece


@require_safe
@in_team
def download(request: TeamRequest, pk: int) -> HttpResponseBase:
    """The ZIP; an interrupted download goes on where it stopped."""
    export: Export = access.export(request.team, pk)
    if export.state != ExportState.READY:
        raise NotNow("This package is not ready. Wait for it, or build it again.")
    _check_may_go(request, export)
    return deliver(
        request,
        export.file,
        etag=export.sha256,
        name=export.name,
        content_type="application/zip",
        as_attachment=True,
    )


@require_POST
@in_team
def retry(request: TeamRequest, pk: int) -> HttpResponseBase:
    """Build a failed package again."""
    export = access.export(request.team, pk)
    actions.retry(export=export, by=request.user)
    if wants_json(request):
        return JsonResponse({"id": export.pk})
    messages.info(request, f"{export.name} is being built again.")
    return redirect("exports", request.team.slug)
