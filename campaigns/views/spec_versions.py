"""Platform limits: the versions there are, one beside another, drafts edited and put in force."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns import permissions
from campaigns.actions import spec_versions as acts
from campaigns.models import SpecVersion
from campaigns.queries import spec_versions as reads
from campaigns.views.base import TeamRequest, in_team


def _may_manage(request: TeamRequest) -> bool:
    return permissions.can_manage_models(request.roles) and request.user.is_staff


@require_safe
@in_team
def spec_versions(request: TeamRequest) -> HttpResponse:
    """Every platform with what counts now and its versions."""
    values = {"rows": reads.rows(), "may_manage": _may_manage(request)}
    return render(request, "specs/specs.html", values)


@require_POST
@in_team
def spec_copy(request: TeamRequest, platform: str) -> HttpResponse:
    """Start a draft from a version, or go back to the limits that come along."""
    if platform not in reads.NAMES:
        raise Http404
    if request.POST.get("action") == "back":
        acts.put_back(team=request.team, platform=platform, by=request.user)
        messages.info(request, "The limits that come along count again for new files.")
        return redirect("spec_versions", request.team.slug)
    given = request.POST.get("source", "")
    source = None
    if given:
        pk = int(given) if given.isascii() and given.isdigit() and len(given) < 12 else 0
        source = get_object_or_404(SpecVersion, pk=pk, platform=platform)
    row = acts.copy(team=request.team, platform=platform, source=source, by=request.user)
    messages.info(request, "A draft was made. Edit it; nothing counts until you put it in force.")
    return redirect("spec_version", request.team.slug, row.pk)


def _typed(request: TeamRequest) -> dict[str, str]:
    return {name: str(value)[:2000] for name, value in request.POST.items()}


@require_http_methods(["GET", "HEAD", "POST"])
@in_team
def spec_version(request: TeamRequest, pk: int) -> HttpResponse:
    """One version beside what counts now; POST saves the draft or puts it in force."""
    row = get_object_or_404(SpecVersion.objects.select_related("by"), pk=pk)
    error, text = "", ""
    errors: dict[str, str] = {}
    if request.method == "POST" and request.POST.get("action") == "use":
        acts.put_in_force(team=request.team, row=row, by=request.user)
        messages.info(request, f"{row.version} counts for files that are made from now on.")
        return redirect("spec_versions", request.team.slug)
    wanted = request.POST.get("placement") or request.GET.get("placement", "")
    if request.method == "POST" and request.POST.get("action") == "limits":
        given = _typed(request)
        try:
            acts.save_limits(
                team=request.team, row=row, placement=wanted, given=given, by=request.user
            )
        except acts.BadLimits as bad:
            errors = bad.errors
        except acts.BadSpec as bad:
            error = bad.text
        else:
            messages.info(request, "Saved. See what it changes.")
            return redirect(
                f"{reverse('spec_version', args=[request.team.slug, pk])}?placement={quote(wanted)}"
            )
    elif request.method == "POST":
        text, note = request.POST.get("text", ""), request.POST.get("note", "")
        try:
            acts.save(team=request.team, row=row, text=text, note=note, by=request.user)
        except acts.BadSpec as bad:
            error = bad.text
        else:
            messages.info(request, "Saved. See below what it changes.")
            return redirect("spec_version", request.team.slug, pk)
    page = reads.page(row=row, team=request.team)
    given = _typed(request) if errors or error else {}
    values = {
        "page": page,
        "form": reads.form(row=row, placement=wanted, given=given, errors=errors),
        "text": text or page.text,
        "error": error,
        "may_manage": _may_manage(request),
    }
    status = 422 if error or errors else 200
    return render(request, "specs/version.html", values, status=status)
