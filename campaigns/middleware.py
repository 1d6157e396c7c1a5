"""What every request passes: the upload limit. It must not look at users or the database."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# Room for the other fields and the boundaries of a multipart body.
_BODY_OVERHEAD_BYTES = 4 * 1024 * 1024


def limits(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse a body above SWITCHYARD_MAX_UPLOAD_MB with 413 before a byte of it is read."""

    def answer(request: HttpRequest) -> HttpResponse:
        declared = request.META.get("CONTENT_LENGTH") or "0"
        allowed = settings.MAX_UPLOAD_BYTES + _BODY_OVERHEAD_BYTES
        if declared.isascii() and declared.isdigit() and int(declared[:20]) > allowed:
            return _too_large(int(declared[:20]))
        response = get_response(request)
        response.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"
        )
        return response

    return answer


def _too_large(size_bytes: int) -> HttpResponse:
    limit_mb = settings.MAX_UPLOAD_BYTES // (1024 * 1024)
    return HttpResponse(
        f"This upload is {size_bytes // (1024 * 1024)} MB; the limit is {limit_mb} MB. "
        "Nothing was stored. Make the file smaller or ask an admin to raise the limit.",
        status=413,
        content_type="text/plain; charset=utf-8",
    )
