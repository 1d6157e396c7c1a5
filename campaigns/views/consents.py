"""Consents to the use of a face: who, what for, until when. Recorded, revoked, never edited."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns import permissions
from campaigns.actions import consents as actions
from campaigns.formats import naming
from campaigns.formats.media import UNKNOWN
from campaigns.forms.consents import ConsentForm, RevokeForm
from campaigns.queries import access
from campaigns.queries import consents as reads
from campaigns.views.base import TeamRequest, in_team
from campaigns.views.media import deliver

ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


@require_http_methods(["GET", "HEAD", "POST"])
@in_team
def consents(request: TeamRequest) -> HttpResponse:
    """Every consent of the team; POST records one more."""
    if request.method != "POST":
        return _page(request, ConsentForm(initial={"valid_from": reads.today()}))
    permissions.check_can_record_consent(request.roles)
    form = ConsentForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            consent = actions.record(team=request.team, by=request.user, **form.cleaned_data)
        except actions.BadConsent as error:
            form.refuse(error.field, error.text)
        else:
            until = reads.day(consent.valid_until)
            messages.info(
                request,
                f"Recorded: the face of {consent.person_name} may be used until {until}.",
            )
            return redirect("consents", request.team.slug)
    return _page(request, form, status=422)


def _page(request: TeamRequest, form: ConsentForm, status: int = 200) -> HttpResponse:
    return render(
        request,
        "consents/consents.html",
        {
            "rows": reads.rows(team=request.team),
            "form": form,
            "may_record": permissions.can_record_consent(request.roles),
            "may_revoke": permissions.can_revoke_consent(request.roles),
            "may_open": _may_open(request),
        },
        status=status,
    )


def _may_open(request: TeamRequest) -> bool:
    return permissions.can_revoke_consent(request.roles)


@require_POST
@in_team
def revoke(request: TeamRequest, pk: int) -> HttpResponse:
    """End a consent now, with a reason."""
    consent = access.consent(request.team, pk)
    permissions.check_can_revoke_consent(request.roles)
    form = RevokeForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.problem)
        return redirect("consents", request.team.slug)
    actions.revoke(consent=consent, reason=form.cleaned_data["reason"], by=request.user)
    messages.info(
        request,
        f"The consent of {consent.person_name} is revoked. No swap with this face is sent any "
        "more; what was made before stays on record.",
    )
    return redirect("consents", request.team.slug)


@require_safe
@in_team
def release(request: TeamRequest, pk: int) -> HttpResponseBase:
    """The signed document, to be saved, for those who may revoke. 404 where there is none."""
    consent = access.consent(request.team, pk)
    permissions.check_can_revoke_consent(request.roles)
    if not consent.release:
        raise Http404
    stem = naming.slug(consent.person_name, fallback=f"consent-{consent.pk}")
    return deliver(
        request,
        consent.release,
        etag=consent.release_sha256,
        name=f"{stem}-release.{ENDINGS.get(consent.release_type, 'bin')}",
        content_type=UNKNOWN,
        as_attachment=True,
    )
