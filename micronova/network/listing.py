"""Neutron's lists: filters by any field, sorting by several keys, pages by marker; one query each (T-API6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.model.errors import Invalid

# Values of one filter: a longer list would be no filter any more.
MAX_VALUES = 1000

Column = sa.ColumnElement[Any]
# From the values in the query to a condition, for filters that are no column.
Special = Callable[[Sequence[str]], Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listable:
    """What can be listed of a table.  ``columns``: field -> column; ``constants``: fields that are the same for all;
    ``specials``: other filters."""

    table: sa.Table
    columns: Mapping[str, Column]
    constants: Mapping[str, object]
    specials: Mapping[str, Special]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a list request asks for.  ``sorts`` are (field, descending); ``limit`` None: all."""

    filters: Mapping[str, Sequence[str]]
    sorts: Sequence[tuple[str, bool]] = ()
    limit: int | None = None
    marker: str | None = None
    page_reverse: bool = False


def rows_of(conn: Connection, what: Listable, visible: Column, query: Query) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """The rows of one page, in order.  Raises Invalid for unknown fields and markers."""
    conditions = [visible]
    for field, values in query.filters.items():
        conditions.append(_condition(what, field, values))
    sorts = [(_column(what, field), descending) for field, descending in query.sorts]
    key = what.table.c.id
    if all(column is not key for column, _ in sorts):
        sorts.append((key, False))
    if query.page_reverse:
        sorts = [(column, not descending) for column, descending in sorts]
    if query.marker is not None:
        conditions.append(_after(conn, what, sorts, query.marker, visible))
    statement = (
        sa.select(what.table)
        .where(*conditions)
        .order_by(*(column.desc() if descending else column.asc() for column, descending in sorts))
        .limit(query.limit)
    )
    rows = conn.execute(statement).all()
    return rows[::-1] if query.page_reverse else rows


def _condition(what: Listable, field: str, values: Sequence[str]) -> Column:
    if len(values) > MAX_VALUES:
        raise Invalid(f"Filter {field} has more than {MAX_VALUES} values.")
    if field in what.specials:
        return what.specials[field](values)
    column = what.columns.get(field)
    if column is not None:
        return column.in_([_value(field, column, text) for text in values])
    if field in what.constants:
        constant = what.constants[field]
        return sa.true() if any(_same(constant, text) for text in values) else sa.false()
    raise Invalid(f"[{field[:64]!r}] is invalid attribute for filtering", code="HTTPBadRequest")


def _column(what: Listable, field: str) -> Column:
    column = what.columns.get(field)
    if column is None:
        raise Invalid(f"[{field[:64]!r}] is invalid attribute for sort_keys", code="HTTPBadRequest")
    return column


def _value(field: str, column: Column, text: str) -> object:
    if isinstance(column.type, sa.Boolean):
        lowered = text.lower()
        if lowered not in ("true", "false", "1", "0"):
            raise Invalid(f"Invalid input for {field}. Reason: '{text[:64]}' cannot be converted to boolean.")
        return lowered in ("true", "1")
    if isinstance(column.type, sa.Integer):
        if not text.isdecimal() or len(text) > 9:
            raise Invalid(f"Invalid input for {field}. Reason: '{text[:64]}' is not an integer.")
        return int(text)
    return text


def _same(constant: object, text: str) -> bool:
    if isinstance(constant, bool):
        return text.lower() in (("true", "1") if constant else ("false", "0"))
    return text == ("" if constant is None else str(constant))


def _after(
    conn: Connection, what: Listable, sorts: Sequence[tuple[Column, bool]], marker: str, visible: Column
) -> Column:
    """Rows behind the marker: greater in the first key, or equal there and greater in the next ..."""
    row = conn.execute(
        sa.select(*(column for column, _ in sorts)).where(what.table.c.id == marker, visible)
    ).one_or_none()
    if row is None:
        raise Invalid(f"The marker {marker[:64]} does not exist.", code="HTTPBadRequest")
    alternatives = []
    for at, (column, descending) in enumerate(sorts):
        equal = [before == row[n] for n, (before, _) in enumerate(sorts[:at])]
        further = column < row[at] if descending else column > row[at]
        alternatives.append(sa.and_(*equal, further))
    return sa.or_(*alternatives)
