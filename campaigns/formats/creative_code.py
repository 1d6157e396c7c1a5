"""The stable creative code: `CR` + 5 characters + a check character, for instance `CR7Q2MKX`.

It stands in file names, ad names and `utm_content`, so that results come home to their creative.
Letters are Crockford's base 32 (no I, L, O, U). Crockford's own check symbol may be `*~$=U`, which
file names and URLs do not take; ours is one more letter: a weighted sum over the field of 32
elements, which finds every wrong character and every swap of two. Codes are not secret.
"""

from __future__ import annotations

import hashlib
import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX = "CR"
PATTERN = re.compile(r"(?<![A-Z0-9])CR[0-9A-HJKMNP-TV-Z]{6}(?![A-Z0-9])")

_DIGITS = 5
_BITS = 5 * _DIGITS
COUNT = 1 << _BITS  # 33,554,432 different codes

# An odd factor walks through all numbers once, so that neighbors do not look alike.
_SPREAD = 0x13A5F3B
_UNSPREAD = pow(_SPREAD, -1, COUNT)
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})


class BadCode(ValueError):
    """The text is not a creative code; the message says what is wrong with it."""


def from_number(number: int) -> str:
    """The code of a row number; different numbers give different codes.

    Raises ValueError outside 0 <= number < COUNT.
    """
    if not 0 <= number < COUNT:
        raise ValueError(f"A creative code holds numbers from 0 to {COUNT - 1}, not {number}.")
    return _write(number * _SPREAD % COUNT)


def from_bytes(identity: bytes, *, attempt: int = 0) -> str:
    """The code of an arbitrary id (a UUID, a hash). Stable, but two ids may meet: keep the column
    unique and count `attempt` up when it is taken."""
    digest = hashlib.sha256(attempt.to_bytes(4, "big") + identity).digest()
    return _write(int.from_bytes(digest[:8], "big") % COUNT)


def to_number(code: str) -> int:
    """The number `from_number` was given. Raises BadCode."""
    value = 0
    for letter in parse(code)[len(PREFIX) : -1]:
        value = value * 32 + ALPHABET.index(letter)
    return value * _UNSPREAD % COUNT


def parse(written: str) -> str:
    """The code in its proper form, from what a person typed: lower case, spaces, dashes, O for 0.

    Raises BadCode.
    """
    text = re.sub(r"[\s\-]", "", written).upper()
    if not text.startswith(PREFIX) or len(text) != len(PREFIX) + _DIGITS + 1:
        raise BadCode(f"A creative code is CR and 6 more letters or digits, not {written!r:.40}.")
    body = text[len(PREFIX) :].translate(_READ_AS)
    if any(letter not in ALPHABET for letter in body):
        raise BadCode("A creative code has only digits and letters, without U.")
    if _check([ALPHABET.index(letter) for letter in body[:-1]]) != ALPHABET.index(body[-1]):
        raise BadCode("The last letter of the creative code does not fit; compare it once more.")
    return PREFIX + body


def is_valid(written: str) -> bool:
    """Is this a code in its proper form (upper case, nothing around it)?"""
    try:
        return parse(written) == written
    except BadCode:
        return False


def find(text: str) -> tuple[str, ...]:
    """Codes inside a file name, an ad name or a URL, in order, each once.

    Upper case counts; only when there is none, any case is taken (some tools lower URL tags).
    Codes whose check letter does not fit are left out.
    """
    for candidate in (text, text.upper()):
        found = [code for code in PATTERN.findall(candidate) if is_valid(code)]
        if found:
            return tuple(dict.fromkeys(found))
    return ()


def _write(value: int) -> str:
    digits = [value >> shift & 31 for shift in range(_BITS - 5, -1, -5)]
    return PREFIX + "".join(ALPHABET[digit] for digit in [*digits, _check(digits)])


def _check(digits: list[int]) -> int:
    """Sum of weight x digit in GF(32); the weights 2, 4, 8, 16, 5 differ and none is 0 or 1."""
    total, weight = 0, 1
    for digit in digits:
        weight = _times(weight, 2)
        total ^= _times(weight, digit)
    return total


def _times(a: int, b: int) -> int:
    """Product in GF(32) with the polynomial x^5 + x^2 + 1."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        b >>= 1
        a <<= 1
        if a & 32:
            a ^= 0b100101
    return product
