"""The REST API and the portal pages, over a store they are given."""
