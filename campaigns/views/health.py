"""Whether this installation lives and can work, for machines and for people in a hurry."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from campaigns.queries import readiness


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the web process lives; asks nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 only when work can be done; else 503 with what is wrong in words."""
    parts = readiness.look()
    wrong = [f"{name}: {part.says}" for name, part in parts.items() if not part.ok]
    body = {
        "ready": not wrong,
        "wrong": wrong,
        "parts": {name: {"ok": part.ok, "says": part.says} for name, part in parts.items()},
    }
    return JsonResponse(body, status=503 if wrong else 200)
