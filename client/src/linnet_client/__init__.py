"""What a user of a running Linnet broker installs.

Empty for now on purpose: the name and the place are fixed, the listening calls come with live delivery.
"""

__version__ = "0.1.0"
