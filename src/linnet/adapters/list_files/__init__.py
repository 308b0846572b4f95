"""Watchlists and areas in files: what people bring is read, and kept in a home version by version."""

from linnet.adapters.list_files.entries import read_watchlist
from linnet.adapters.list_files.folder import ListFolder

__all__ = ["ListFolder", "read_watchlist"]
