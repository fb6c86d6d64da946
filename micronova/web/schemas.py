"""JSON Schemas by microversion, and the texts of their refusals.

Schemas are plain data in each service's ``schemas/`` folder, with ``additionalProperties: False``, and a new constant
only where a microversion changes the document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import jsonschema
from jsonschema.validators import validator_for

from micronova.model.errors import Invalid
from micronova.model.ids import is_uuid
from micronova.web.microversion import Version

Schema = Mapping[str, Any]
_formats = jsonschema.FormatChecker()


@_formats.checks("uuid")
def _uuid(instance: object) -> bool:
    return not isinstance(instance, str) or is_uuid(instance)


def register_format(name: str) -> Callable[[Callable[[object], bool]], Callable[[object], bool]]:
    """Decorator: add a string format that schemas may name.  The function gets the value and returns a bool."""
    return _formats.checks(name)


class Versioned:
    """One schema per range of versions: ``Versioned((Version(2, 1), A), (Version(2, 19), B))``."""

    def __init__(self, *entries: tuple[Version, Schema]) -> None:
        self.entries: Sequence[tuple[Version, Schema]] = entries
        self._validators = [(since, _Validator(schema)) for since, schema in entries]

    @classmethod
    def always(cls, schema: Schema) -> Versioned:
        """A schema that no microversion changes."""
        return cls((Version(0, 0), schema))

    def at(self, version: Version) -> Schema:
        """The schema in force at ``version``."""
        return self._at(version).schema

    def _at(self, version: Version) -> _Validator:
        chosen = self._validators[0][1]
        for since, validator in self._validators:
            if since <= version:
                chosen = validator
        return chosen

    def check(self, document: object, version: Version, *, in_query: bool = False) -> None:
        """Raise Invalid, naming the field, if ``document`` does not fit the schema at ``version``."""
        self._at(version).check(document, in_query)


class _Validator:
    """A schema with its validator, made at first use: most requests never need most schemas."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    @cached_property
    def _validator(self) -> Any:
        kind = validator_for(self.schema, default=jsonschema.Draft202012Validator)
        return kind(self.schema, format_checker=_formats)

    def check(self, document: object, in_query: bool = False) -> None:
        error = jsonschema.exceptions.best_match(self._validator.iter_errors(document))
        if error is not None:
            raise Invalid(describe(error, in_query), code="schema")


def describe(error: Any, in_query: bool = False) -> str:
    """The refusal, in the words that Nova's clients know, never longer than a few hundred characters.

    ``in_query``: the document is a query string, each parameter a list of its values.
    """
    path = [str(part) for part in error.path]
    if path:
        value = str(error.instance)
        if in_query:
            message = str(error.message)[:500]
            return f"Invalid input for query parameters {path[0][:255]}. Value: {value[:255]}. {message}"
        return f"Invalid input for field/attribute {path[-1][:255]}. Value: {value[:255]}. {str(error.message)[:500]}"
    return str(error.message)[:500]
