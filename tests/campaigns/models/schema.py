"""A database of its own under the usual name, and what its schema comes to, for migrations."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, connections

POSTGRES = (
    # a column
    """SELECT table_name, column_name, data_type, character_maximum_length, is_nullable,
              column_default, is_identity
       FROM information_schema.columns WHERE table_schema = 'public'""",
    # a constraint; the name of a UNIQUE of one column tells only how it came to be
    """SELECT conrelid::regclass::text, CASE WHEN contype = 'u' THEN '' ELSE conname END,
              pg_get_constraintdef(oid)
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    # an index that is no constraint
    """SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND NOT EXISTS
       (SELECT 1 FROM pg_constraint WHERE conname = indexname)""",
)


@contextmanager
def empty_database(folder: Path) -> Iterator[None]:
    """An empty database stands in for the one of the tests: migrations know only `default`."""
    usual = connections["default"]
    own = usual.copy()
    if usual.vendor == "postgresql":
        own.settings_dict["NAME"] = f"own_{secrets.token_hex(4)}"
        with usual._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {own.settings_dict['NAME']}")
    else:
        own.settings_dict["NAME"] = folder / "own.sqlite3"
    connections["default"] = own
    try:
        yield
    finally:
        own.close()
        connections["default"] = usual
        if usual.vendor == "postgresql":
            with usual._nodb_cursor() as cursor:
                cursor.execute(f"DROP DATABASE {own.settings_dict['NAME']}")


def schema() -> list[str]:
    """Every column, constraint and index of `default` with its definition, in no table's order."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            found = []
            for sql in POSTGRES:
                cursor.execute(sql)
                found += [str(row) for row in cursor.fetchall()]
            return sorted(found)
        cursor.execute("SELECT type, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return sorted(
            f"{table}: {part}"
            for kind, table, sql in cursor.fetchall()
            if not table.startswith("sqlite_")
            for part in (_parts(sql) if kind == "table" else [sql])
        )


def _parts(sql: str) -> list[str]:
    """The definitions inside CREATE TABLE: split at the commas outside of any bracket."""
    body = sql[sql.index("(") + 1 : sql.rindex(")")]
    parts, depth, begin = [], 0, 0
    for index, sign in enumerate(body):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append(body[begin:index].strip())
            begin = index + 1
    return [*parts, body[begin:].strip()]
