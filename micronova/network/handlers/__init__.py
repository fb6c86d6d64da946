"""HTTP handlers of the network service, a file per resource."""
