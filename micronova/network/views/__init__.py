"""The network service's documents, a file per resource, with Neutron's fields."""
