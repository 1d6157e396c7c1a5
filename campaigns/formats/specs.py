"""Finds the shipped platform specs (`campaigns/specs/*.json`): by platform and kind, or by id.

A limit carries its level (fail, warn, info) and the source it comes from, with the date of the copy
that was read. This module must not measure files (`spec_check`) or decide which asset goes where.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from campaigns.formats.spec import (
    ALL,
    KINDS,
    PLATFORMS,
    Disclosure,
    Export,
    Limit,
    Ratio,
    SafeZone,
    Source,
    Spec,
    SpecFile,
    TextLimit,
)
from campaigns.formats.spec_fields import SpecError
from campaigns.formats.spec_file import load, parse

__all__ = [
    "ALL",
    "KINDS",
    "PLATFORMS",
    "Disclosure",
    "Export",
    "Limit",
    "Ratio",
    "SafeZone",
    "Source",
    "Spec",
    "SpecError",
    "SpecFile",
    "TextLimit",
    "all_specs",
    "by_id",
    "file_of",
    "for_platform",
    "load",
    "load_all",
    "parse",
    "universal",
]

FOLDER = Path(__file__).resolve().parent.parent / "specs"
FILES = ("tiktok.json", "reels.json", "shorts.json", "universal.json")


def for_platform(platform: str, kind: str) -> Spec:
    """The spec that the default package targets; `kind` is "still" or "clip".

    Raises ValueError for a platform or kind that does not exist.
    """
    if platform not in PLATFORMS:
        raise ValueError(f"There is no platform {platform!r}; choose {', '.join(PLATFORMS)}.")
    if kind not in KINDS:
        raise ValueError(f"There is no kind {kind!r}; choose still or clip.")
    return by_id(file_of(platform).defaults[kind])


def universal() -> Spec:
    """One 9:16 clip that suits all three platforms; its safe zone is the worst of them."""
    return by_id(file_of(ALL).defaults["clip"])


def by_id(spec_id: str) -> Spec:
    """The spec with this id. Raises KeyError with the ids there are."""
    for spec in all_specs():
        if spec.id == spec_id:
            return spec
    known = ", ".join(spec.id for spec in all_specs())
    raise KeyError(f"There is no spec {spec_id!r}. There are: {known}.")


def all_specs() -> tuple[Spec, ...]:
    """Every shipped spec, platform by platform."""
    return tuple(spec for file in load_all() for spec in file.specs)


def file_of(platform: str) -> SpecFile:
    """The shipped file of a platform ("all" for the universal one)."""
    return next(file for file in load_all() if file.platform == platform)


@lru_cache(maxsize=1)
def load_all() -> tuple[SpecFile, ...]:
    """Read the shipped files once. Raises SpecError naming file and field."""
    return tuple(load(FOLDER / name) for name in FILES)
