"""Loading very many rows: indexes, foreign keys and exclusions are dropped before and made again after, as one sorts once.

Checked row by row, thirty-five million subscribers take hours; made at the end, an index is one sort. The constraints are
checked all the same, by being made again: whatever breaks one undoes the whole load.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Model

# What hangs on a table, but for its primary key and its checks: those cost little and others refer to them.
_CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype IN ('u', 'f', 'x') AND NOT EXISTS (
    SELECT FROM pg_constraint other WHERE other.confrelid = pg_constraint.conrelid AND other.conindid = pg_constraint.conindid
      AND other.contype = 'f')
ORDER BY contype = 'f', conname
"""
_INDEXES = """
SELECT class.relname, pg_get_indexdef(index.indexrelid) FROM pg_index index
JOIN pg_class class ON class.oid = index.indexrelid
WHERE index.indrelid = %s::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = index.indexrelid)
ORDER BY class.relname
"""
# Memory for one sort, and no waiting for the disk: this is one transaction, it is all or nothing.
_SETTINGS = ("maintenance_work_mem = '1GB'", "work_mem = '256MB'", "max_parallel_maintenance_workers = 2")


@dataclass(frozen=True)
class _Hanging:
    """What was dropped from one table, and how it is made again."""

    table: str
    constraints: list[tuple[str, str]]
    indexes: list[tuple[str, str]]


@contextmanager
def unindexed(models: Sequence[type[Model]]) -> Iterator[None]:
    """Within: the tables without indexes, foreign keys, exclusions and user triggers. Needs a transaction; for the owner."""
    with connection.cursor() as cursor:
        for setting in _SETTINGS:
            cursor.execute(f"SET LOCAL {setting}")
        dropped = [_drop(cursor, model._meta.db_table) for model in models]
        yield
        for hanging in dropped:
            _make_again(cursor, hanging)
        for hanging in dropped:
            cursor.execute(f"ANALYZE {hanging.table}")


def _drop(cursor: Any, table: str) -> _Hanging:
    # Foreign keys that are still to be checked would stand in the way of the ALTER TABLE.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute(_CONSTRAINTS, [table])
    constraints = cursor.fetchall()
    cursor.execute(_INDEXES, [table])
    indexes = cursor.fetchall()
    for name, _ in constraints:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _ in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    return _Hanging(table, constraints, indexes)


def _make_again(cursor: Any, hanging: _Hanging) -> None:
    for _, definition in hanging.indexes:
        cursor.execute(definition)
    for name, definition in hanging.constraints:
        cursor.execute(f'ALTER TABLE {hanging.table} ADD CONSTRAINT "{name}" {definition}')
    cursor.execute(f"ALTER TABLE {hanging.table} ENABLE TRIGGER USER")
