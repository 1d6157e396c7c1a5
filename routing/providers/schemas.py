"""What we would send held against what a model says it takes. Pure: documents in, findings out.

Reads the part of JSON Schema that the providers' OpenAPI documents use, and ComfyUI's own
description of its nodes. It asks nobody, and it does not know the catalog but for figures given.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from routing.providers.endpoints import SEEDS, Endpoint

DEEPEST = 12
ADDRESS = "https://example.com/picture.png"
_UNITS = {
    "image": "output", "images": "output", "unit": "output", "units": "output",
    "video": "output", "videos": "output", "megapixel": "megapixel", "megapixels": "megapixel",
    "second": "second", "seconds": "second",
}  # fmt: skip
_LIMITS: tuple[tuple[str, Callable[[Any, Any], bool], str], ...] = (
    ("minimum", operator.ge, "at least"),
    ("maximum", operator.le, "at most"),
    ("exclusiveMinimum", operator.gt, "more than"),
    ("exclusiveMaximum", operator.lt, "less than"),
)
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list,
    "object": dict,
}  # fmt: skip


class Unreadable(ValueError):
    """The document does not say what the model takes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not fit. `code` is gone, unknown_field, missing_field, value, answer,
    node, file, method, not_written_down or price; `field` says where ("" for the whole model)."""

    code: str
    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Price:
    """What a provider's price list says of one unit, in millionths of its currency."""

    micros: int
    unit: str
    currency: str


# --- what we would send ---------------------------------------------------------------------------


def would_send(endpoint: Endpoint, given: Any) -> tuple[Any, ...]:
    """Every kind of value that a field of the table may carry: the value itself, or for a word
    the ends of what it can be. Empty where nothing can be said ahead."""
    if not (isinstance(given, str) and given[:1] == "$"):
        return (given,)
    match given[1:]:
        case "prompt" | "negative":
            return ("A pair of red shoes on marble, soft light",)
        case "base" | "mask" | "face":
            return (ADDRESS,)
        case "pictures" | "files":
            return ([ADDRESS],)
        case "size":
            return ({"width": 1024, "height": 1024}, {"width": 1080, "height": 1920})
        case "width" | "height":
            return (1024, 1080)
        case "ratio":
            return endpoint.ratios
        case "seconds":
            return endpoint.seconds
        case "seconds_text":
            return tuple(str(one) for one in endpoint.seconds)
        case "seconds_s":
            return tuple(f"{one}s" for one in endpoint.seconds)
        case "count":
            return (1, endpoint.per_call)
        case "seed":
            return (0, SEEDS - 1)
        case "factor":
            return (1.0, 4.0)
        case "canvas" | "placed_size":
            return ([1080, 1920],)
        case "placed_at":
            return ([0, 300],)
        case "add_left" | "add_right" | "add_top" | "add_bottom":
            return (0, 700)
        case _:
            return ()


# --- OpenAPI --------------------------------------------------------------------------------------


def fal(document: Any, endpoint: Endpoint) -> tuple[Difference, ...]:
    """fal's document of one endpoint: the body of its POST, and the field its answer keeps files
    in. Raises Unreadable."""
    try:
        paths = document["paths"]
        posted = paths[f"/{endpoint.id}"]["post"]["requestBody"]["content"]["application/json"]
        found = posted["schema"]
    except (KeyError, TypeError) as error:
        raise Unreadable("fal's description of it has no input") from error
    given = [*body(document, found, endpoint)]
    try:
        asked = paths[f"/{endpoint.id}/requests/{{request_id}}"]["get"]["responses"]["200"]
        answer = resolved(document, asked["content"]["application/json"]["schema"])
    except (KeyError, TypeError):
        return tuple(given)
    if endpoint.out and endpoint.out not in (answer.get("properties") or {endpoint.out: {}}):
        text = f"its answer has no field `{endpoint.out}` any more, where the files are read from"
        given.append(Difference("answer", endpoint.out, text))
    return tuple(given)


def replicate(document: Any, endpoint: Endpoint) -> tuple[Difference, ...]:
    """The document of one version at Replicate. Raises Unreadable."""
    try:
        found = document["components"]["schemas"]["Input"]
    except (KeyError, TypeError) as error:
        raise Unreadable("Replicate's description of it has no input") from error
    return tuple(body(document, found, endpoint))


def body(document: Any, schema: Any, endpoint: Endpoint) -> Iterator[Difference]:
    """What of the endpoint's fields the schema of the body does not take. Raises Unreadable."""
    found = resolved(document, schema)
    known = found.get("properties")
    if not isinstance(known, dict) or not known:
        raise Unreadable("its description lists no fields")
    for name in endpoint.input:
        if name not in known:
            yield Difference("unknown_field", name, f"we send `{name}`, which it does not know")
    for name in found.get("required") or ():
        if name not in endpoint.input:
            yield Difference("missing_field", name, f"it requires `{name}`, which we do not send")
    for name, given in endpoint.input.items():
        if name in known:
            problems = (
                problem(document, known[name], value) for value in would_send(endpoint, given)
            )
            texts = dict.fromkeys(text for text in problems if text)
            if texts:
                text = f"`{name}`: {'; '.join(texts)}"
                yield Difference("value", name, text)


def resolved(document: Any, schema: Any) -> dict[str, Any]:
    """A schema with its references followed and its `allOf` put together. Raises Unreadable."""
    for _ in range(DEEPEST):
        if not isinstance(schema, dict):
            break
        if isinstance(schema.get("$ref"), str):
            schema = _at(document, schema["$ref"])
        elif isinstance(schema.get("allOf"), list):
            rest = {name: value for name, value in schema.items() if name != "allOf"}
            for part in schema["allOf"]:
                rest = {**(_at(document, part["$ref"]) if "$ref" in part else part), **rest}
            schema = rest
        else:
            return schema
    raise Unreadable("its description cannot be followed")


def _at(document: Any, ref: str) -> dict[str, Any]:
    found = document
    for part in ref.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise Unreadable(f"its description names {ref}, which is not in it.")
    return found


def problem(document: Any, schema: Any, value: Any, depth: int = 0) -> str:
    """Why a value would not be taken, "" when it would."""
    found = resolved(document, schema)
    if depth > DEEPEST:
        return ""
    for many in ("anyOf", "oneOf"):
        if isinstance(found.get(many), list):
            problems = [problem(document, one, value, depth + 1) for one in found[many]]
            # the reason of the kind that comes nearest: the one that says which values there are
            said = sorted(problems, key=lambda text: "one of" not in text)
            return "" if "" in problems or not problems else said[0]
    if "const" in found and value != found["const"]:
        return f"we would send {_shown(value)}, it takes {_shown(found['const'])} only"
    allowed = found.get("enum")
    if isinstance(allowed, list) and not any(_same(value, one) for one in allowed):
        names = ", ".join(_shown(one) for one in allowed[:20])
        return f"we would send {_shown(value)}, it takes one of {names}"
    kinds = found.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        return f"we would send {_shown(value)}, it takes {' or '.join(kinds)}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        for name, fits, words in _LIMITS:
            limit = found.get(name)
            is_limit = isinstance(limit, int | float) and not isinstance(limit, bool)
            if is_limit and not fits(value, limit):
                return f"we would send {_shown(value)}, it takes {words} {limit}"
    return _inside(document, found, value, depth)


def _inside(document: Any, found: Mapping[str, Any], value: Any, depth: int) -> str:
    """Length of a text, members of a list, fields of an object."""
    longest = found.get("maxLength")
    if isinstance(value, str) and isinstance(longest, int) and len(value) > longest:
        return f"we would send {len(value)} characters, it takes {longest}"
    if isinstance(value, list):
        least, most = found.get("minItems", 0), found.get("maxItems", len(value))
        if not least <= len(value) <= most:
            return f"we would send {len(value)} of them, it takes {least} to {most}"
        if isinstance(found.get("items"), dict):
            texts = (problem(document, found["items"], one, depth + 1) for one in value)
            return next((text for text in texts if text), "")
    if isinstance(value, dict):
        known = found.get("properties") or {}
        for name, one in value.items():
            if known and name not in known:
                return f"we would send `{name}`, which it does not know"
            text = problem(document, known.get(name, {}), one, depth + 1)
            if text:
                return f"`{name}`: {text}"
        missing = [name for name in found.get("required") or () if name not in value]
        if missing:
            return f"it requires `{missing[0]}`, which we do not send"
    return ""


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _KINDS.get(kind, ()))


def _same(value: Any, one: Any) -> bool:
    numbers = isinstance(value, int | float) and isinstance(one, int | float)
    alike = isinstance(value, bool) == isinstance(one, bool) if numbers else True
    return alike and bool(value == one)


def _shown(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


# --- ComfyUI --------------------------------------------------------------------------------------


def comfyui(
    nodes: Any, graph: Mapping[str, Mapping[str, Any]], endpoint: Endpoint
) -> tuple[Difference, ...]:
    """A server's own list of its nodes against a workflow of ours. Raises Unreadable."""
    if not isinstance(nodes, dict) or not nodes:
        raise Unreadable("the server lists no nodes")
    filled = {place: endpoint.input[name] for name, place in endpoint.nodes.items()}
    found: list[Difference] = []
    for ident, node in graph.items():
        kind = str(node["class_type"])
        if kind not in nodes:
            text = f"the server has no node {kind}, which the workflow needs"
            found.append(Difference("node", kind, text))
            continue
        takes = (nodes[kind] or {}).get("input") or {}
        required, optional = takes.get("required") or {}, takes.get("optional") or {}
        for name in required:
            if name not in node["inputs"]:
                text = f"{kind} requires `{name}`, which the workflow does not give"
                found.append(Difference("missing_field", f"{kind}.{name}", text))
        for name, given in node["inputs"].items():
            where = f"{kind}.{name}"
            if name not in required and name not in optional:
                text = f"the workflow gives {kind} `{name}`, which it does not know"
                found.append(Difference("unknown_field", where, text))
                continue
            place = f"{ident}.{name}"
            if isinstance(given, list) or filled.get(place) == "$base":
                continue  # another node's output, or a file that is uploaded with the work
            rule = _rule(required.get(name) or optional.get(name))
            for value in would_send(endpoint, filled.get(place, given)):
                text = problem({}, rule, value)
                if not text:
                    continue
                code = "value"
                if isinstance(value, str) and "." in value and "enum" in rule:
                    code, text = "file", f"the server does not have the file {value}"
                found.append(
                    Difference(code, where, text if code == "file" else f"{where}: {text}")
                )
                break
    return tuple(found)


def _rule(described: Any) -> dict[str, Any]:
    """One input of a node as a schema: [kind or list of values, {min, max, options, ...}]."""
    if not isinstance(described, list) or not described:
        return {}
    kind = described[0]
    more = described[1] if len(described) > 1 and isinstance(described[1], dict) else {}
    options = kind if isinstance(kind, list) else more.get("options") if kind == "COMBO" else None
    if isinstance(options, list):
        return {"enum": options}
    known = {"INT": "integer", "FLOAT": "number", "STRING": "string", "BOOLEAN": "boolean"}
    if kind not in known:
        return {}
    rule: dict[str, Any] = {"type": known[kind]}
    for name, limit in (("min", "minimum"), ("max", "maximum")):
        if isinstance(more.get(name), int | float):
            rule[limit] = more[name]
    return rule


# --- prices ---------------------------------------------------------------------------------------


def prices(document: Any) -> dict[str, Price]:
    """fal's price list by endpoint; rows that cannot be read are left out."""
    found: dict[str, Price] = {}
    rows = document.get("prices") if isinstance(document, dict) else None
    for row in rows if isinstance(rows, list) else ():
        try:
            micros = int(Decimal(str(row["unit_price"])) * 1_000_000)
            found[str(row["endpoint_id"])] = Price(micros, str(row["unit"]), str(row["currency"]))
        except (KeyError, TypeError, ArithmeticError):
            continue
    return found


def price_differs(seen: Price, *, micros: int | None, unit: str, currency: str) -> bool | None:
    """Whether a price seen is another than the catalog's; None when the two cannot be compared,
    because they count different things or the catalog has none."""
    if micros is None or _UNITS.get(seen.unit.lower()) != unit or seen.currency != currency:
        return None
    return seen.micros != micros
