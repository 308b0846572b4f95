"""The filter language and the built-in filters."""
