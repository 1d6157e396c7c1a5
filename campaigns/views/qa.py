"""QA: platform files with their zones and checks, crops moved by hand, the last gate."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns import permissions
from campaigns.actions import (
    cutting,
    declaring,
    file_mends,
    marks,
    planning,
    platform_files,
    qa_gate,
    runs,
    waivers,
)
from campaigns.forms.qa import CropForm, MarkForm
from campaigns.models import PlatformFile
from campaigns.models.choices import FileKind, Platform
from campaigns.queries import access, crop_editor, exports
from campaigns.queries import qa as reads
from campaigns.views.base import TeamRequest, in_team, token, wants_json


@require_safe
@in_team
def qa(request: TeamRequest, pk: int) -> HttpResponse:
    """One card a platform, the checklist, the package to come."""
    overview = reads.overview(asset=access.asset(request.team, pk))
    return render(request, "qa/qa.html", _page(request, overview))


@require_safe
@in_team
def live(request: TeamRequest, pk: int) -> HttpResponse:
    """The page's inner part when it changed, else 204."""
    overview = reads.overview(asset=access.asset(request.team, pk))
    if request.headers.get("X-Version") == overview.version:
        response = HttpResponse(status=204)
    else:
        response = render(request, "qa/_fragment.html", _page(request, overview))
    response["X-Version"] = overview.version
    response["X-Running"] = "1" if overview.is_making else "0"
    return response


def _page(request: TeamRequest, overview: reads.Overview) -> dict[str, object]:
    met = {c["key"] for c in overview.gate.criteria if c["met"]} if overview.gate else set()
    return {
        "overview": overview,
        "asset": overview.asset,
        "criteria": [{**c, "met": c["key"] in met} for c in planning.criteria("qa")],
        "threshold": request.team.gate_threshold_percent,
        "may_judge": permissions.can_judge(request.roles),
        "may_run": permissions.can_run(request.roles),
        "may_waive": permissions.can_waive(request.roles),
        "may_export": permissions.can_export(request.roles),
        "answers": declaring.ANSWERS,
        "tree": exports.tree_of(overview.asset),
        "token": token(),
    }


@require_POST
@in_team
def pass_gate(request: TeamRequest, pk: int) -> HttpResponseBase:
    """Approve the files for export, or start the checks of an asset that was moved back here."""
    asset = access.asset(request.team, pk)
    if request.POST.get("start"):
        given = request.POST.get("token", "")[:60] or token()
        runs.start(asset=asset, operation="check", by=request.user, token=given)
        text = "The files are being made and checked."
    else:
        met = request.POST.getlist("met")
        seen = request.POST.get("seen", "")
        text = qa_gate.approve(asset=asset, met=met, seen=seen, by=request.user).next_text
    return _back(request, pk, text)


@require_POST
@in_team
def declare(request: TeamRequest, pk: int) -> HttpResponseBase:
    """Say how the asset's photos were made; its files are labelled by it."""
    asset = access.asset(request.team, pk)
    declaring.declare(asset=asset, answer=request.POST.get("answer", ""), by=request.user)
    text = "Noted. Files that say something else are made again."
    return _back(request, pk, text)


@require_POST
@in_team
def mend(request: TeamRequest, pk: int) -> HttpResponseBase:
    """Have one finding of a file mended, or take all mends back."""
    row = access.platform_file(request.team, pk)
    done = file_mends.mend(
        row=row,
        key=request.POST.get("key", "")[:60],
        seen=request.POST.get("seen", "")[:12],
        by=request.user,
    )
    return _back(request, row.asset_id, f"{done}. The {row.kind} is being made again.")


@require_POST
@in_team
def waive(request: TeamRequest, pk: int) -> HttpResponseBase:
    """Let one failing check of a file pass, with a reason."""
    row = access.platform_file(request.team, pk)
    try:
        waivers.waive(
            row=row,
            key=request.POST.get("key", "")[:60],
            reason=request.POST.get("reason", ""),
            by=request.user,
        )
    except waivers.BadReason as error:
        if wants_json(request):
            return JsonResponse({"error": error.text}, status=422)
        messages.error(request, error.text)
        return redirect("qa", request.team.slug, row.asset_id)
    return _back(
        request, row.asset_id, "It may be packaged with this; the manifest says who let it pass."
    )


def _back(request: TeamRequest, asset_id: int, text: str) -> HttpResponseBase:
    if wants_json(request):
        return JsonResponse({"text": text})
    messages.info(request, text)
    return redirect("qa", request.team.slug, asset_id)


@require_http_methods(["GET", "HEAD", "POST"])
@in_team
def crop(request: TeamRequest, pk: int) -> HttpResponseBase:
    """The editor of one crop; POST asks for the crop that was placed."""
    row = access.platform_file(request.team, pk)
    editor = crop_editor.editor(row=row, least_width=cutting.LEAST_WIDTH)
    if request.method != "POST":
        return _editor(request, editor, CropForm.of(editor))
    form = CropForm(request.POST, editor=editor)
    if form.is_valid():
        return _move(request, row, form)
    if wants_json(request):
        return JsonResponse({"error": form.first_error, "fields": form.errors}, status=422)
    return _editor(request, editor, form, status=422)


def _move(request: TeamRequest, row: PlatformFile, form: CropForm) -> HttpResponseBase:
    platform_files.move_crop(
        row=row,
        box=form.box,
        by=request.user,
        seen=form.cleaned_data["seen"],
        everywhere=form.is_everywhere,
        fit=bool(form.filling),
        filling=form.filling,
        focus=form.focus,
    )
    where = "all platforms" if form.is_everywhere else str(Platform(row.platform).label)
    text = f"The {row.kind} for {where} is being cut again."
    back = reverse("qa", args=[request.team.slug, row.asset_id])
    if wants_json(request):
        return JsonResponse({"text": text, "url": back})
    messages.info(request, text)
    return redirect(back)


@require_POST
@in_team
def crop_marks(request: TeamRequest, pk: int) -> HttpResponseBase:
    """Mark logos that every crop of this master keeps whole, or take marks back."""
    row = access.platform_file(request.team, pk)
    editor = crop_editor.editor(row=row, least_width=cutting.LEAST_WIDTH)
    form = MarkForm(request.POST, editor=editor, kept=request.POST.getlist("keep"))
    if not form.is_valid():
        said = next((str(text) for texts in form.errors.values() for text in texts), "")
        if wants_json(request):
            return JsonResponse({"error": said, "fields": form.errors}, status=422)
        messages.error(request, said)
        return redirect("crop", request.team.slug, row.pk)
    marks.mark(row=row, marks=form.marks, seen=form.cleaned_data["seen"], by=request.user)
    text = "Noted. The files of every platform are cut again."
    back = reverse("crop", args=[request.team.slug, row.pk])
    if wants_json(request):
        return JsonResponse({"text": text, "url": back})
    messages.info(request, text)
    return redirect(back)


def _editor(
    request: TeamRequest, editor: crop_editor.Editor, form: CropForm, status: int = 200
) -> HttpResponse:
    values = {
        "editor": editor,
        "form": form,
        "mark_form": MarkForm(editor=editor, initial={"seen": editor.seen}),
        "asset": editor.file.row.asset,
        "master_variant": "poster" if editor.file.row.kind == FileKind.CLIP else "file",
        "may_run": permissions.can_run(request.roles),
    }
    return render(request, "qa/crop.html", values, status=status)
