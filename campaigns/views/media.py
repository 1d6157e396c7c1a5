"""Uploads in, stored files out: always through the team, never by a public address."""

from __future__ import annotations

from http import HTTPStatus

from django.core.exceptions import SuspiciousOperation
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions
from campaigns.actions import stored
from campaigns.formats import naming
from campaigns.formats.media import UNKNOWN, content_type_of, extension_of
from campaigns.models import Media
from campaigns.queries import access
from campaigns.views import ranges
from campaigns.views.base import TeamRequest, in_team, number

VARIANTS = ("file", "thumb", "poster", "original")
LINK_S = 60
BROKEN = "The upload broke off or is not a form with one file. Nothing was stored; try again."


@require_safe
@in_team
def serve(request: TeamRequest, pk: int, variant: str) -> HttpResponseBase:
    """One stored file of the team: 200, 206, 304, 416; 404 for everybody else."""
    media = access.media(request.team, pk)
    if variant not in VARIANTS:
        raise Http404
    field: FieldFile = getattr(media, variant)
    etag = media.sha256 if variant == "file" else f"{media.sha256}-{variant}"
    # what somebody sent is handed back as bytes, never as something a browser would open
    is_raw = variant == "original"
    name, content_type = _named(media, variant, field)
    return deliver(
        request, field, etag=etag, name=name, content_type=content_type, as_attachment=is_raw
    )


def _named(media: Media, variant: str, field: FieldFile) -> tuple[str, str]:
    stem, _, ending = media.name.rpartition(".")
    stem = naming.slug(stem or media.name, fallback=f"file-{media.pk}")
    if variant == "original":
        known = content_type_of(f"x.{ending}") != UNKNOWN
        return f"{stem}-original.{ending.lower() if known else 'bin'}", UNKNOWN
    if variant == "file":
        return f"{stem}.{extension_of(media.content_type)}", media.content_type
    content_type = content_type_of(field.name or "")
    ending = "bin" if content_type == UNKNOWN else extension_of(content_type)
    return f"{stem}-{variant}.{ending}", content_type


def deliver(
    request: HttpRequest,
    field: FieldFile,
    *,
    etag: str,
    name: str,
    content_type: str,
    as_attachment: bool,
) -> HttpResponseBase:
    """The bytes of a stored file, or a link to them that lives a minute when they lie in S3.

    Who may have it was checked by the caller. Raises Http404 when there is no such file.
    """
    if not field.name:
        raise Http404
    disposition = content_disposition_header(as_attachment, name) or "inline"
    if hasattr(field.storage, "bucket"):  # S3: the store itself knows ranges
        wanted = {"ResponseContentDisposition": disposition, "ResponseContentType": content_type}
        link = field.storage.url(field.name, parameters=wanted, expire=LINK_S)  # type: ignore[call-arg]
        response: HttpResponseBase = HttpResponseRedirect(link)
        response["Cache-Control"] = f"private, max-age={LINK_S // 2}"
        return response
    try:
        response = ranges.answer(
            request,
            opener=lambda: field.storage.open(field.name or "", "rb"),
            size=field.size,
            etag=f'"{etag}"',
            content_type=content_type,
        )
    except FileNotFoundError as error:
        raise Http404 from error
    response["Content-Disposition"] = disposition
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


# Django's own check of the token reads the body, and so fills the disk, before a view can look at
# its length. Here the length comes first, then the same check around the inner view.
@csrf_exempt
@require_POST
@in_team
def upload(request: TeamRequest) -> HttpResponseBase:
    """Take one file in: {id, thumb, width, height, kind, name}, or {error} in words."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    size = number(declared) or 0
    try:
        permissions.check_can_brief(request.roles)
        stored.check_room(size)
        return _take_in(request)
    except stored.UploadRefused as error:
        return JsonResponse({"error": error.text}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except permissions.NotAllowed as error:
        return JsonResponse({"error": error.text}, status=HTTPStatus.FORBIDDEN)
    except (SuspiciousOperation, MultiPartParserError):
        return JsonResponse({"error": BROKEN}, status=HTTPStatus.BAD_REQUEST)


@csrf_protect
def _take_in(request: TeamRequest) -> HttpResponseBase:
    file = request.FILES.get("file")
    if file is None:
        raise stored.UploadRefused("No file arrived. Choose a photo or a clip and try again.")
    media = stored.upload(team=request.team, file=file, by=request.user)
    thumb = reverse("media", args=[request.team.slug, media.pk, "thumb"])
    return JsonResponse(
        {
            "id": media.pk,
            "thumb": thumb,
            "width": media.width,
            "height": media.height,
            "kind": media.kind,
            "name": media.name,
            "notes": media.notes,
        }
    )
