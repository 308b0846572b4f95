"""One science module per file: arrays in, arrays out."""
