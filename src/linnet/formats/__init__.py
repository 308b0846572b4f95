"""The same columns in the formats other tools read."""
