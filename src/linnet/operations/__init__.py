"""What one does with a broker, over ports."""
