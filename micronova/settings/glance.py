"""``[glance]``: how a host gets images."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.settings.option import integer, switch, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """Download of images, directly from Ceph too."""

    num_retries: int = integer(3, minimum=0, help="How often a download that broke off is tried again.")
    enable_rbd_download: bool = switch(False, help="Read images that lie in the pool below from Ceph directly.")
    rbd_user: str = text("", help="Ceph user for that.")
    rbd_connect_timeout: int = integer(5, help="Seconds until Ceph must have answered; then the image comes by HTTP.")
    rbd_pool: str = text("", help="Pool that holds the images.")
    rbd_ceph_conf: str = text("", help="Path of that cluster's ceph.conf.")
