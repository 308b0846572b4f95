"""The whole error tree of Linnet.

    LinnetError
    ├── ConfigError          a key of the configuration is wrong; the message names it
    ├── InputError           what the user pointed at cannot be used (missing, empty, not readable)
    ├── NotFoundError        an id, a filter or a night that does not exist
    ├── PacketError          one message cannot be accepted; carries the reason code of its dead letter
    ├── SchemaError          a writer schema that is not accepted (recursive, too deep, field missing)
    ├── PlanError            modules cannot be put in order; names the nearest columns
    ├── ModuleError          a science module broke its declaration
    │   └── LookUpError      it could not look everything up; carries the columns that say so
    ├── FilterError          a filter's text is refused; carries position, reason, suggestion
    ├── ServiceError         a service beside Linnet (Kafka, a schema registry) cannot be reached, or refuses
    │   ├── DeliveryError    it did not take a message; nothing of the batch counts as sent
    │   └── GapError         messages between our position and what is still there are gone
    ├── StorageError         the store, the archive or the disk under them failed; nothing was acknowledged
    └── HomeError            the home folder cannot be used
        ├── HomeLockedError  another process writes to it
        └── HomeVersionError its format is newer than this code, or older and not migrated

Every message is one line that says what to do. Errors of libraries are translated where the library is
called, with the cause kept.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "ConfigError",
    "DeliveryError",
    "FilterError",
    "GapError",
    "HomeError",
    "HomeLockedError",
    "HomeVersionError",
    "InputError",
    "LinnetError",
    "LookUpError",
    "ModuleError",
    "NotFoundError",
    "PacketError",
    "PlanError",
    "SchemaError",
    "ServiceError",
    "StorageError",
]


class LinnetError(Exception):
    """The root: everything Linnet raises on purpose."""


class ConfigError(LinnetError):
    """A key of the configuration is unknown or has an unusable value."""


class InputError(LinnetError):
    """What the user pointed at is missing, empty, or nothing that can be read."""


class NotFoundError(LinnetError):
    """An alert, object, filter, night or file that does not exist here."""


class PacketError(LinnetError):
    """One message cannot be accepted.

    Attributes:
        reason: the code of the dead letter, one of `linnet.core.reasons.Reason`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SchemaError(LinnetError):
    """A writer schema that is not accepted."""


class PlanError(LinnetError):
    """A module needs a column that nobody gives, or two give the same one."""


class ModuleError(LinnetError):
    """A science module returned something other than it declared."""


class LookUpError(ModuleError):
    """A science module could not look everything up.

    Attributes:
        columns: everything that it declares, with the state `failed` where nobody could look.
    """

    def __init__(self, message: str, columns: Mapping[str, object]) -> None:
        super().__init__(message)
        self.columns = columns


class FilterError(LinnetError):
    """A filter's text is refused.

    Attributes:
        position: zero-based character position in the text, or None where the whole text is meant.
        suggestion: the nearest valid name, or None.
    """

    def __init__(self, message: str, position: int | None = None, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.position = position
        self.suggestion = suggestion


class ServiceError(LinnetError):
    """A service beside Linnet (Kafka, a schema registry) cannot be reached, refuses, or answers nonsense."""


class DeliveryError(ServiceError):
    """A service did not take a message. Nothing of the batch counts as sent; sending it again is harmless."""


class GapError(ServiceError):
    """Messages between our position and the first one that is still there are gone; the message names the offsets."""


class StorageError(LinnetError):
    """The store, the archive or the disk under them failed. Nothing of the unit was acknowledged."""


class HomeError(LinnetError):
    """The home folder cannot be used."""


class HomeLockedError(HomeError):
    """Another process writes to this home."""


class HomeVersionError(HomeError):
    """The home has a format that this code does not read."""
