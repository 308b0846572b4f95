"""Listens to the matches of a filter of a Linnet broker, over HTTP or Kafka by the same call.

from linnet_client import listen

with listen("young_and_rising", "http://127.0.0.1:8000", cursor="my.cursor") as stream:
    for alert in stream:
        print(alert.object_id, alert.ra, alert.dec, alert.mag)
"""

from linnet_client.alert import Alert
from linnet_client.errors import ClientError, CursorError, UnknownStreamError
from linnet_client.filters import filters
from linnet_client.listening import Listener, Options, listen
from linnet_client.tables import to_table

__version__ = "0.1.0"

__all__ = [
    "Alert",
    "ClientError",
    "CursorError",
    "Listener",
    "Options",
    "UnknownStreamError",
    "filters",
    "listen",
    "to_table",
]
