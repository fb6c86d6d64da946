"""Hosts that run guests: one interface, and behind it libvirt, an agent far away, or a simulation."""
