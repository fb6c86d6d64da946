"""JSON Schemas of the network service, a file per resource."""
