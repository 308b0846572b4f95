"""Run the same plan: here, later on Spark."""
