"""Reads typed fields out of parsed JSON and names the file and the field when one is wrong.

Knows nothing of specs; `specs.py` says which fields there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


class SpecError(ValueError):
    """A spec file is not what it should be; the message names the file, the field and the cure."""


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object, with the path that led to it (`reels.json: specs[0].limits[2]`)."""

    where: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, where: str, value: Any) -> Fields:
        """Wrap `value`. Raises SpecError when it is not an object."""
        if not isinstance(value, dict):
            raise SpecError(f"{where}: expected an object, found {_kind(value)}.")
        return cls(where, value)

    def at(self, name: str) -> str:
        """The path of a field, for messages."""
        return f"{self.where}.{name}" if not self.where.endswith(":") else f"{self.where} {name}"

    def error(self, name: str, text: str) -> SpecError:
        """A SpecError that names this field."""
        return SpecError(f"{self.at(name)}: {text}")

    def only(self, *names: str) -> None:
        """Refuse fields nobody reads: a misspelled limit must not pass in silence."""
        for name in self.values:
            if name not in names:
                raise self.error(name, f"unknown field; allowed are {', '.join(sorted(names))}.")

    def has(self, name: str) -> bool:
        """Is the field there and not null?"""
        return self.values.get(name) is not None

    def get(self, name: str) -> Any:
        """The raw value; SpecError when it is missing."""
        if name not in self.values:
            raise self.error(name, "missing.")
        return self.values[name]

    def text(self, name: str, default: str | None = None) -> str:
        """A string; a required one may not be empty."""
        if default is not None and not self.has(name):
            return default
        value = self.get(name)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.error(name, f"expected text, found {_kind(value)}.")
        return value

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """A string out of `allowed`."""
        value = self.text(name)
        if value not in allowed:
            raise self.error(name, f"{value!r} is not one of {', '.join(allowed)}.")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        if default is not None and not self.has(name):
            return default
        value = self.get(name)
        if not isinstance(value, bool):
            raise self.error(name, f"expected true or false, found {_kind(value)}.")
        return value

    def number(self, name: str) -> float:
        """A number of at least 0."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise self.error(name, f"expected a number of at least 0, found {_kind(value)}.")
        return value

    def whole(self, name: str) -> int:
        """A whole number of at least 0."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.error(name, f"expected a whole number of at least 0, found {_kind(value)}.")
        return value

    def optional_whole(self, name: str) -> int | None:
        """A whole number, or None when the field is absent."""
        return self.whole(name) if self.has(name) else None

    def pair(self, name: str) -> tuple[int, int]:
        """Two whole numbers above 0: width and height."""
        return as_pair(self.at(name), self.get(name))

    def optional_pair(self, name: str) -> tuple[int, int] | None:
        """Width and height, or None when the field is absent."""
        return self.pair(name) if self.has(name) else None

    def sub(self, name: str) -> Fields:
        """A nested object."""
        return Fields.of(self.at(name), self.get(name))

    def subs(self, name: str) -> Iterator[Fields]:
        """The objects of a list."""
        for index, value in enumerate(self.items(name)):
            yield Fields.of(f"{self.at(name)}[{index}]", value)

    def items(self, name: str) -> list[Any]:
        """A list; absent counts as empty."""
        value = self.values.get(name) or []
        if not isinstance(value, list):
            raise self.error(name, f"expected a list, found {_kind(value)}.")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings; absent counts as empty."""
        values = self.items(name)
        for value in values:
            if not isinstance(value, str):
                raise self.error(name, f"expected a list of text, found {_kind(value)} in it.")
        return tuple(values)


def as_pair(where: str, value: Any) -> tuple[int, int]:
    """`[width, height]` as two whole numbers above 0. Raises SpecError naming `where`."""
    good = isinstance(value, list) and len(value) == 2
    if not good or not all(type(side) is int and side > 0 for side in value):
        raise SpecError(f"{where}: expected [width, height] in pixels, found {value!r}.")
    return (value[0], value[1])


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
