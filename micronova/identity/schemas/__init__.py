"""What bodies may look like: a file per resource.  Unknown fields are kept where Keystone keeps them."""
