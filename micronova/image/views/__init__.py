"""From values to the documents of the Images API."""
