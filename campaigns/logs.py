"""Keeps secrets out of the log. It must not log itself and must not change a record's level."""

import logging
import re

from campaigns import env

HIDDEN = "[hidden]"

# What looks like a secret wherever it stands: key=value, Authorization headers, URL passwords
# and the tokens of one-time links.
_PATTERNS = (
    re.compile(
        r"(?i)((?:api[_-]?key|token|secret|password|passwd)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]+"
    ),
    re.compile(
        r"(?i)(authorization[\"']?\s*[=:]\s*[\"']?(?:bearer|basic|key|token)?\s*)[^\s\"',;]+"
    ),
    re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)"),
)


def redact(line: str, secrets: tuple[str, ...]) -> str:
    """The line with every known secret value and everything shaped like one replaced."""
    for value in secrets:
        line = line.replace(value, HIDDEN)
    for pattern in _PATTERNS:
        line = pattern.sub(rf"\1{HIDDEN}", line)
    return line


class RedactingFormatter(logging.Formatter):
    """A formatter whose result, stack trace included, has passed `redact`."""

    def format(self, record: logging.LogRecord) -> str:
        """The formatted record without secrets."""
        return redact(super().format(record), env.secret_values())
