"""The image service: Images v2 as Glance answers it, with a store of its own.  ``routes.service`` is the door."""
