"""Where providers say that work is done. A signature proves it, so no session is needed."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from campaigns.actions import notices

MOST_BYTES = 2 * 1024 * 1024


@csrf_exempt
@require_POST
def hook(request: HttpRequest, provider: str, key: str) -> HttpResponse:
    """204 for a message that was proven, also when it says nothing new; else 400."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if not declared.isascii() or not declared.isdigit() or int(declared[:12]) > MOST_BYTES:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        notices.take(
            provider=provider,
            attempt_key=key,
            headers=request.headers,
            body=request.body,
            now=timezone.now().timestamp(),
        )
    except notices.NotProven:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)
