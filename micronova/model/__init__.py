"""Typed values that every part shares: ids, errors, the caller, time.  Imports nothing of ours."""
