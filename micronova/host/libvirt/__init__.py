"""The only place that imports libvirt: connection, events, domains, networks, facts, console log, KVM probe."""
