"""Resource providers, their inventories and traits, and who has been allocated how much of them."""
