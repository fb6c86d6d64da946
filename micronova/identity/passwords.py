"""Passwords and application credential secrets: argon2id, limited in length, number and memory.

21 ms and 19 MiB per hash (OWASP's parameters for argon2id), at most ``parallel`` at a time; whoever waits longer than
``patience_s`` is refused, so that a flood of logins takes neither the memory nor all threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from micronova.model.errors import Invalid, OurFault, Unavailable

# Keystone's [identity] max_password_length.
MAX_LENGTH = 4096
# More than this in the queue: refuse at once.
_MAX_WAITING = 24


class Passwords:
    """Makes and checks hashes.  Thread safe."""

    def __init__(
        self, *, time_cost: int = 2, memory_kib: int = 19456, parallel: int = 2, patience_s: float = 5.0
    ) -> None:
        self._hasher = argon2.PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._turn = threading.BoundedSemaphore(parallel)
        self._places = threading.BoundedSemaphore(parallel + _MAX_WAITING)
        self._patience_s = patience_s
        self._nobody = self._hasher.hash("a password that nobody has")

    def hash(self, password: str) -> str:
        """The hash to store.  Raises Invalid if too long, Unavailable when too many others are being hashed."""
        if len(password) > MAX_LENGTH:
            raise Invalid(f"The password is longer than {MAX_LENGTH} characters.")
        with self._place():
            return self._hasher.hash(_bytes(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` has the hash ``stored``.  Takes the same time when there is none (T-ID3)."""
        if len(password) > MAX_LENGTH:
            return False
        with self._place():
            try:
                self._hasher.verify(stored or self._nobody, _bytes(password))
            except VerifyMismatchError:
                return False
            except (InvalidHashError, VerificationError) as err:
                raise OurFault("A stored password hash cannot be read.") from err
        return stored is not None

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Unavailable("Too many logins at once; try again.")
        try:
            if not self._turn.acquire(timeout=self._patience_s):
                raise Unavailable("Too many logins at once; try again.")
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._places.release()


def _bytes(password: str) -> bytes:
    # JSON may carry lone surrogates; they have no UTF-8, but must not be an error of ours.
    return password.encode("utf-8", "surrogatepass")
