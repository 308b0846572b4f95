"""Filters of other brokers, read into this language: Lasair's `WHERE`, SkyPortal's condition tree, BOOM's `$match`.

Nothing of them is executed. What has no counterpart here is named with its place and its reason, and then there is no
translated filter; what has only a near one is translated and named too.
"""
