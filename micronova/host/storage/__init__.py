"""Disks on one host: the stores, the image cache, the config drive, and the one door to qemu-img."""
