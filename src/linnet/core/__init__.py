"""The vocabulary, the contracts and the pure functions that every other room builds on."""
