"""``[micronova]``: what Nova has no option for."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.settings.option import integer, number, text, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Micronova:
    """micronova's own options; a laptop needs none of them."""

    public_url: str | None = text(
        None,
        pattern=r"https?://[^/?#\s][^?#\s]*",
        allowed="an http:// or https:// URL",
        ours=True,
        shown_default="as the client wrote the address",
        help="Address at which clients reach micronova, when that is a proxy's; the catalog and links begin with it.",
    )
    region: str = text("RegionOne", ours=True, help="Region name in the catalog.")
    max_request_body: int = integer(
        1048576, minimum=1024, ours=True, help="Bytes of a request other than an image upload; more is refused (413)."
    )
    request_threads: int = integer(16, minimum=1, maximum=512, ours=True, help="Requests that are worked on at once.")
    operation_workers: int = integer(32, minimum=1, maximum=512, ours=True, help="Operations that run at once.")
    token_expiration: int = integer(43200, minimum=60, ours=True, help="Seconds that a token is valid.")
    password_hash_memory_kib: int = integer(
        19456, minimum=8192, maximum=1048576, ours=True, help="Memory of one argon2 password hash."
    )
    password_hash_rounds: int = integer(2, minimum=1, maximum=100, ours=True, help="Rounds of argon2.")
    image_size_limit: int = integer(
        1099511627776, minimum=1, ours=True, help="Bytes of the largest image that can be uploaded."
    )
    qemu_img_timeout: int = integer(3600, minimum=1, ours=True, help="Seconds after which a qemu-img run is ended.")
    console_log_limit: int = integer(
        1048576, minimum=4096, ours=True, help="Bytes of a guest's console log that are kept."
    )
    simulated_vcpus: int = integer(64, minimum=1, ours=True, help="CPUs of a simulated host.")
    simulated_memory_mib: int = integer(262144, minimum=1, ours=True, help="Memory of a simulated host.")
    simulated_disk_gib: int = integer(10240, minimum=1, ours=True, help="Disk of a simulated host.")
    simulated_delay: float = number(0.0, minimum=0.0, ours=True, help="Seconds that a verb of a simulated host takes.")
    simulated_delays: tuple[str, ...] = words(
        (),
        pattern=r"[a-z_]+=[0-9]+(\.[0-9]+)?",
        allowed="verb=seconds, separated by commas (ensure_image=2.5)",
        ours=True,
        help="The same for single verbs.",
    )
    simulated_fail_verbs: tuple[str, ...] = words(
        (), pattern="[a-z_]+", allowed="verbs of a host", ours=True, help="Verbs that may fail; empty: all may."
    )
    simulated_fail_every: int = integer(
        0, minimum=0, ours=True, help="Each so many-th call of a verb that may fail does; 0: none."
    )
    simulated_fail_share: float = number(
        0.0, minimum=0.0, maximum=1.0, ours=True, help="Share of the calls that fail, at random by simulated_seed."
    )
    simulated_seed: int = integer(0, ours=True, help="The same seed, the same failures.")
