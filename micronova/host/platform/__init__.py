"""Pure: a guest as asked for, and what this host is, to a libvirt domain.  One small function per concern."""
