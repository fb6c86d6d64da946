"""Where images' bytes are: a directory (here); part of a Ceph pool later, behind the same few verbs."""

from micronova.image.store.directory import ImageStore, Writing

__all__ = ["ImageStore", "Writing"]
