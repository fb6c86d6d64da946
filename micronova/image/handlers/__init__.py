"""Handlers of the image service: policy, one call, one view."""
