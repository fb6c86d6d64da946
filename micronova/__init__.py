"""micronova: OpenStack Compute for KVM, in one program."""

__version__ = "0.1.0"
