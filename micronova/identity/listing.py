"""Filters and pages of Keystone's lists: ``name=``, ``name__contains=``, ``enabled=``, ``limit=``, ``marker=``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from starlette.datastructures import QueryParams

from micronova.web.paging import Page

MAX_LIMIT = 10_000
_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})
_COMPARISONS = {
    "contains": lambda column, text: column.contains(text, autoescape=True),
    "startswith": lambda column, text: column.startswith(text, autoescape=True),
    "endswith": lambda column, text: column.endswith(text, autoescape=True),
    "icontains": lambda column, text: column.icontains(text, autoescape=True),
    "istartswith": lambda column, text: column.istartswith(text, autoescape=True),
    "iendswith": lambda column, text: column.iendswith(text, autoescape=True),
}

Columns = Mapping[str, sa.ColumnElement[Any]]


def truth(text: str) -> bool:
    """A flag of a query: present without a value is true, as in ``?effective``."""
    return text.strip().lower() not in _FALSE


def flag(query: QueryParams, name: str) -> bool:
    """Whether the query sets this flag."""
    return name in query and truth(query[name])


def filtered(statement: sa.Select[Any], query: QueryParams, columns: Columns) -> sa.Select[Any]:
    """``statement`` for the filters in ``query`` that name one of ``columns``; others are ignored, as in Keystone."""
    for key, text in query.multi_items():
        name, _, comparison = key.partition("__")
        column = columns.get(name)
        if column is None:
            continue
        if comparison:
            compare = _COMPARISONS.get(comparison)
            if compare is not None and not isinstance(column.type, sa.Boolean):
                statement = statement.where(compare(column, text))
        elif isinstance(column.type, sa.Boolean):
            statement = statement.where(column.is_(truth(text)))
        else:
            statement = statement.where(column == text)
    return statement


def paged(statement: sa.Select[Any], query: QueryParams, key: sa.ColumnElement[str]) -> sa.Select[Any]:
    """``statement`` in the order of ``key``, for the page that ``query`` asks for.  Raises Invalid."""
    page = Page.of(query, max_limit=MAX_LIMIT)
    statement = statement.order_by(key)
    if page.marker is not None:
        statement = statement.where(key > page.marker)
    return statement.limit(page.limit)
