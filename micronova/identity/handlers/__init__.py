"""Requests in, answers out: a file per resource."""
