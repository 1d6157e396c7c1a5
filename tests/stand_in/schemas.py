"""What the vendors publish about their models: fields, values, prices, nodes.

Written from the vendors' own typed clients and published schemas as read on 2026-11-23 (fal's
@fal-ai/client 1.10.1, Replicate's openapi_schema, ComfyUI 0.3.64), not from endpoints.toml, so
that the one can be held against the other. Only some models are written down; any other is 404.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.stand_in.state import Job
from tests.stand_in.wire import Exchange, Reply, Route, said

TEXT: dict[str, Any] = {"type": "string"}
LINK: dict[str, Any] = {"type": "string", "title": "Image URL"}
FLAG: dict[str, Any] = {"type": "boolean"}
WHOLE: dict[str, Any] = {"type": "integer"}
SEED: dict[str, Any] = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
FILE = {"$ref": "#/components/schemas/File"}


def one_of(*values: Any) -> dict[str, Any]:
    """A field that takes these values only."""
    return {"enum": list(values), "type": "string" if isinstance(values[0], str) else "integer"}


def between(low: float, high: float, kind: str = "integer") -> dict[str, Any]:
    """A number within bounds."""
    return {"type": kind, "minimum": low, "maximum": high}


SIZES = ("square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9")
SIZE = {"anyOf": [{"$ref": "#/components/schemas/ImageSize"}, one_of(*SIZES)]}
# endpoint: required, optional, the field that holds the files
FAL: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "fal-ai/flux/schnell": (
        {"prompt": TEXT},
        {
            "acceleration": one_of("none", "regular", "high"), "enable_safety_checker": FLAG,
            "guidance_scale": between(1, 20, "number"), "image_size": SIZE,
            "num_images": between(1, 4), "num_inference_steps": between(1, 12),
            "output_format": one_of("jpeg", "png"), "seed": SEED, "sync_mode": FLAG,
        },
        "images",
    ),
    "fal-ai/bria/eraser": (
        {"image_url": LINK, "mask_url": LINK},
        {"mask_type": one_of("manual", "automatic"), "preserve_alpha": FLAG, "sync_mode": FLAG},
        "image",
    ),
    "fal-ai/kling-video/v2.6/pro/image-to-video": (
        {"prompt": {"type": "string", "maxLength": 2500}, "start_image_url": LINK},
        {
            "duration": one_of("5", "10"), "end_image_url": LINK, "generate_audio": FLAG,
            "negative_prompt": {"type": "string", "maxLength": 2500},
            "voice_ids": {"type": "array", "items": TEXT},
        },
        "video",
    ),
    "fal-ai/veo3.1/fast/image-to-video": (
        {"prompt": TEXT, "image_url": LINK},
        {
            "aspect_ratio": one_of("auto", "16:9", "9:16"), "auto_fix": FLAG,
            "duration": one_of("4s", "6s", "8s"), "generate_audio": FLAG, "negative_prompt": TEXT,
            "resolution": one_of("720p", "1080p"), "seed": SEED,
            "safety_tolerance": one_of("1", "2", "3", "4", "5", "6"),
        },
        "video",
    ),
}  # fmt: skip
PRICES = {
    "fal-ai/flux/schnell": (0.003, "megapixels"),
    "fal-ai/flux/dev": (0.025, "megapixels"),
    "fal-ai/bria/eraser": (0.04, "images"),
    "fal-ai/kling-video/v2.6/pro/image-to-video": (0.07, "seconds"),
    "fal-ai/veo3.1/fast/image-to-video": (0.1, "seconds"),
}
SDXL = "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"
GFPGAN = "0fbacf7afc6c144e5be9767cff80f25aff23e52b0708f17e20f9879b2f21516c"
# model: latest version, required fields, all fields
REPLICATE: dict[str, tuple[str, list[str], dict[str, Any]]] = {
    "stability-ai/sdxl": (
        SDXL,
        [],
        {
            "mask": LINK, "seed": WHOLE, "image": LINK, "width": WHOLE, "height": WHOLE,
            "prompt": TEXT, "lora_scale": between(0, 1, "number"), "num_outputs": between(1, 4),
            "guidance_scale": between(1, 50, "number"), "apply_watermark": FLAG,
            "negative_prompt": TEXT, "prompt_strength": between(0, 1, "number"),
            "num_inference_steps": between(1, 500), "disable_safety_checker": FLAG,
        },
    ),
    "tencentarc/gfpgan": (
        GFPGAN,
        ["img"],
        {"img": {"type": "string", "format": "uri"}, "scale": {"type": "number"},
         "version": {"allOf": [{"$ref": "#/components/schemas/version"}], "default": "v1.4"}},
    ),
    "google/veo-3.1-fast": (
        "ba987aceebef53bebfede32973f842fe3aa2301bf2585878181e7a7677052e36",
        ["prompt"],
        {
            "prompt": TEXT, "image": {"type": "string", "format": "uri"}, "last_frame": LINK,
            "duration": one_of(4, 6, 8), "resolution": one_of("720p", "1080p"),
            "aspect_ratio": one_of("16:9", "9:16"), "generate_audio": FLAG,
            "negative_prompt": TEXT, "seed": WHOLE,
        },
    ),
}  # fmt: skip
GOOGLE = {
    "gemini-2.5-flash-image": ["generateContent", "countTokens", "batchGenerateContent"],
    "gemini-3-pro-image": ["generateContent", "countTokens", "batchGenerateContent"],
}
_SAMPLERS = ["euler", "euler_ancestral", "heun", "dpm_2", "dpmpp_2m", "dpmpp_sde", "ddim"]
_SCHEDULERS = ["simple", "sgm_uniform", "karras", "exponential", "normal", "beta"]
_SIDE = ["INT", {"default": 512, "min": 16, "max": 16384, "step": 8}]
_LATENT = {"width": _SIDE, "height": _SIDE, "batch_size": ["INT", {"min": 1, "max": 4096}]}
CHECKPOINTS = ["sd_xl_base_1.0.safetensors", "flux1-schnell-fp8.safetensors"]
NODES: dict[str, dict[str, Any]] = {
    "CheckpointLoaderSimple": {"ckpt_name": [CHECKPOINTS, {"tooltip": "The checkpoint."}]},
    "CLIPTextEncode": {"text": ["STRING", {"multiline": True}], "clip": ["CLIP", {}]},
    "EmptyLatentImage": _LATENT,
    "EmptySD3LatentImage": _LATENT,
    "KSampler": {
        "model": ["MODEL", {}], "seed": ["INT", {"min": 0, "max": 2**64 - 1}],
        "steps": ["INT", {"min": 1, "max": 10000}], "cfg": ["FLOAT", {"min": 0.0, "max": 100.0}],
        "sampler_name": [_SAMPLERS, {}], "scheduler": [_SCHEDULERS, {}],
        "positive": ["CONDITIONING", {}], "negative": ["CONDITIONING", {}],
        "latent_image": ["LATENT", {}], "denoise": ["FLOAT", {"min": 0.0, "max": 1.0}],
    },
    "VAEDecode": {"samples": ["LATENT", {}], "vae": ["VAE", {}]},
    "SaveImage": {"images": ["IMAGE", {}], "filename_prefix": ["STRING", {"default": "ComfyUI"}]},
    "LoadImage": {"image": [["example.png"], {"image_upload": True}]},
    "UpscaleModelLoader": {"model_name": ["COMBO", {"options": ["RealESRGAN_x2.pth"]}]},
    "ImageUpscaleWithModel": {"upscale_model": ["UPSCALE_MODEL", {}], "image": ["IMAGE", {}]},
}  # fmt: skip


class Published:
    """What is published now. Tests change these copies the way a vendor would."""

    def __init__(self) -> None:
        self.fal = deepcopy(FAL)
        self.prices = dict(PRICES)
        self.replicate = deepcopy(REPLICATE)
        self.google = deepcopy(GOOGLE)
        self.nodes = deepcopy(NODES)
        self.versions: dict[str, tuple[list[str], dict[str, Any]]] = {
            ident: (required, fields) for ident, required, fields in self.replicate.values()
        }


def of_fal(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """The OpenAPI document of one endpoint, as its page links it. It stands on the public site, so
    a key that comes along went where it does not belong."""
    if "authorization" in x.headers:
        return said({"detail": "A key does not belong here"}, 400)
    name = x.one("endpoint_id")
    if name not in x.server.published.fal:
        return said({"detail": "Not found"}, 404)
    required, optional, out = x.server.published.fal[name]
    files = {"type": "array", "items": FILE} if out == "images" else FILE
    schemas = {
        "QueueStatus": {"type": "object", "properties": {"request_id": TEXT}},
        "ImageSize": {"type": "object", "properties": {
            "width": {"type": "integer", "exclusiveMinimum": 0, "maximum": 14142},
            "height": {"type": "integer", "exclusiveMinimum": 0, "maximum": 14142}}},
        "File": {"type": "object", "required": ["url"], "properties": {"url": TEXT}},
        "Input": {"type": "object", "required": list(required),
                  "properties": {**required, **optional}},
        "Output": {"type": "object", "required": [out], "properties": {out: files, "seed": WHOLE}},
    }  # fmt: skip

    def to(schema: str) -> dict[str, Any]:
        return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}

    paths = {
        f"/{name}/requests/{{request_id}}/status": {
            "get": {"responses": {"200": {"content": to("QueueStatus")}}}
        },
        f"/{name}": {
            "post": {
                "requestBody": {"required": True, "content": to("Input")},
                "responses": {"200": {"content": to("QueueStatus")}},
            }
        },
        f"/{name}/requests/{{request_id}}": {
            "get": {"responses": {"200": {"content": to("Output")}}}
        },
    }
    info = {"title": f"Queue OpenAPI for {name}", "x-fal-metadata": {"endpointId": name}}
    return said({"openapi": "3.0.4", "info": info, "components": {"schemas": schemas},
                 "paths": paths, "servers": [{"url": "https://queue.fal.run"}]})  # fmt: skip


def pricing(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """The price list; it holds the models it knows among those asked for."""
    known = x.server.published.prices
    rows = [
        {"endpoint_id": one, "unit_price": known[one][0], "unit": known[one][1], "currency": "USD"}
        for one in x.query.get("endpoint_id", [])
        if one in known
    ]
    return said({"prices": rows, "next_cursor": None, "has_more": False})


def _version(ident: str, required: list[str], fields: dict[str, Any]) -> dict[str, Any]:
    schemas = {
        "Input": {"type": "object", "required": required, "properties": fields},
        "version": one_of("v1.2", "v1.3", "v1.4", "RestoreFormer"),
        "Output": {"type": "string", "format": "uri"},
    }
    return {"id": ident, "cog_version": "0.9.4", "openapi_schema": {
        "openapi": "3.0.2", "components": {"schemas": schemas}}}  # fmt: skip


def of_replicate(x: Exchange, job: Job | None, found: dict[str, Any], name: str) -> Reply:
    """A model with its latest version."""
    if name not in x.server.published.replicate:
        return said({"detail": "Not found", "status": 404}, 404)
    owner, _, model = name.partition("/")
    return said({"owner": owner, "name": model, "visibility": "public",
                 "latest_version": _version(*x.server.published.replicate[name])})  # fmt: skip


def of_version(x: Exchange, job: Job | None, found: dict[str, Any], name: str, ident: str) -> Reply:
    """One version of a model."""
    if ident not in x.server.published.versions:
        return said({"detail": "Not found", "status": 404}, 404)
    return said(_version(ident, *x.server.published.versions[ident]))


def of_google(x: Exchange, job: Job | None, found: dict[str, Any], name: str) -> Reply:
    """What may be done with a model."""
    methods = x.server.published.google.get(name)
    if methods is None:
        error = {"code": 404, "message": f"models/{name} is not found", "status": "NOT_FOUND"}
        return said({"error": error}, 404)
    return said({"name": f"models/{name}", "version": "001", "inputTokenLimit": 32768,
                 "supportedGenerationMethods": methods})  # fmt: skip


def of_comfyui(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """Every node with its inputs."""
    return said(
        {
            name: {"input": {"required": takes}, "output": [], "name": name, "category": "all"}
            for name, takes in x.server.published.nodes.items()
        }
    )


FAL_ROUTES = (
    Route("GET", "/site/api/openapi/queue/openapi.json", "schema", of_fal, needs_key=False),
    Route("GET", "/api/v1/models/pricing", "price", pricing),
)
REPLICATE_ROUTES = (
    Route("GET", r"/v1/models/(?P<name>[\w.-]+/[\w.-]+)", "schema", of_replicate),
    Route("GET", r"/v1/models/(?P<name>[\w.-]+/[\w.-]+)/versions/(?P<ident>\w+)", "schema",
          of_version),
)  # fmt: skip
GOOGLE_ROUTES = (Route("GET", r"/v1(?:beta)?/models/(?P<name>[\w.-]+)", "schema", of_google),)
COMFYUI_ROUTES = (Route("GET", "/(?:api/)?object_info", "schema", of_comfyui),)
