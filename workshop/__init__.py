"""Tools of this checkout, no part of the product: the demo, and what starts a real micronova for it and for tests."""
