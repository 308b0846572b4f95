"""One file (or folder) per survey. Surveys end at this door."""
