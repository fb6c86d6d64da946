"""JSON Schemas of the image service's documents, as data."""
