"""What micronova costs, measured against the bare floor of qemu-img and virsh: ``python -m benchmarks``."""
