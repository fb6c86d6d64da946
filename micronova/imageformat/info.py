"""What a look at an image's header found, as a value."""

from __future__ import annotations

from dataclasses import dataclass

# More than any image for a guest needs; a header that says more is a mistake or an attack (T-IMG4).
MAX_VIRTUAL_SIZE = 8 * 1024**4


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """The format that the bytes show, and whether QEMU may open them.

    ``format`` uses Glance's words (raw, qcow2, qed, vmdk, vdi, vhd, vhdx, iso, ploop), and ``gpt`` (raw with a
    partition table), ``luks`` (raw, encrypted), ``qcow`` (version 1), or ``ambiguous`` (several at once).
    ``virtual_size`` is in bytes, 0 if unknown.  ``problems`` are sentences for the user, each with its way out; an
    image without any is safe.  ``convert_only``: QEMU may only ever read it to convert it, confined (QED, T-IMG20).
    """

    format: str
    virtual_size: int = 0
    backing_file: bool = False
    data_file: bool = False
    encrypted: bool = False
    unknown_features: int = 0
    create_type: str = ""
    convert_only: bool = False
    problems: tuple[str, ...] = ()

    @property
    def safe(self) -> bool:
        """Whether nothing speaks against the image."""
        return not self.problems
