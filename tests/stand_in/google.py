"""Gemini's picture models: one call that answers with the picture."""

from __future__ import annotations

import base64
from typing import Any

from tests.stand_in import asked, media, pictures
from tests.stand_in.state import Job
from tests.stand_in.wire import Exchange, Reply, Route, said

TOKENS = 1290


def _error(status: int, word: str, text: str) -> Reply:
    details = []
    if status == 429:
        details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}]
    return said(
        {"error": {"code": status, "message": text, "status": word, "details": details}}, status
    )


def _usage(pictures_made: int) -> dict[str, Any]:
    made = TOKENS * pictures_made
    return {
        "promptTokenCount": 271, "candidatesTokenCount": made, "totalTokenCount": 271 + made,
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": made}],
    }  # fmt: skip


def generate(x: Exchange, job: Job | None, found: dict[str, Any], model: str) -> Reply:
    """Words and pictures in, a picture out; what is blocked is 200 too."""
    body = x.json()
    try:
        parts = body["contents"][0]["parts"]
    except (TypeError, KeyError, IndexError):
        return _error(400, "INVALID_ARGUMENT", "contents is not specified")
    if "quota" in found:
        return _error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.")
    if "invalid" in found:
        return _error(400, "INVALID_ARGUMENT", "The aspect ratio is not supported.")
    if "refused" in found:
        return said({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
                     "usageMetadata": _usage(0), "modelVersion": model})  # fmt: skip
    config = (body.get("generationConfig") or {}).get("imageConfig") or {}
    given: dict[str, Any] = {"aspect_ratio": config.get("aspectRatio", "1:1")}
    for part in parts:
        inline = part.get("inlineData") or part.get("inline_data")
        if inline:
            kind = inline.get("mimeType") or inline.get("mime_type")
            # its own client writes the other alphabet of base64
            data = str(inline["data"]).replace("-", "+").replace("_", "/")
            given["image"] = f"data:{kind};base64,{data}"
            break
    try:
        made = x.server.accept(x, model=model, body=body, given=given)
    except asked.BadPicture:
        return _error(400, "INVALID_ARGUMENT", "Unable to process input image.")
    if "output_blocked" in found or "no_media" in found or "text_only" in found:
        reason = {"output_blocked": "IMAGE_SAFETY", "no_media": "NO_IMAGE"}
        word = next((reason[one] for one in reason if one in found), "STOP")
        x.server.end(made, "no_media")
        candidate: dict[str, Any] = {"finishReason": word, "index": 0}
        if word == "STOP":
            candidate["content"] = {"role": "model", "parts": [{"text": "I cannot draw that."}]}
        return said({"candidates": [candidate], "usageMetadata": _usage(0),
                     "modelVersion": model, "responseId": made.id})  # fmt: skip
    x.server.end(made, "")
    one = made.outputs[0]
    data, kind = media.bent(media.render(x.server.state, one), pictures.KINDS[one["form"]], found)
    inline = {"mimeType": kind, "data": base64.b64encode(data).decode()}
    if "bad_base64" in found:
        inline["data"] = "!!!!"
    return said(
        {
            "candidates": [
                {
                    "content": {
                        "role": "model",
                        "parts": [{"text": "Here."}, {"inlineData": inline}],
                    },
                    "finishReason": "STOP",
                    "index": 0,
                }
            ],
            "usageMetadata": _usage(1),
            "modelVersion": model,
            "responseId": made.id,
        }
    )


def models(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """The list of models."""
    return said({"models": [{"name": "models/gemini-2.5-flash-image"}]})


ROUTES = (
    Route("POST", r"/v1(?:beta)?/models/(?P<model>[\w.-]+):generateContent", "submit", generate),
    Route("GET", r"/v1(?:beta)?/models", "price", models),
)
