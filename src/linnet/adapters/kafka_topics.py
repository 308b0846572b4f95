"""Making topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from linnet.adapters.kafka_access import KafkaAccess, Watch, client, kafka_errors, told
from linnet.errors import ServiceError

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

ASK = 20.0
"""Seconds for one answer."""

_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


def make_topics(
    access: KafkaAccess,
    topics: Sequence[str],
    partitions: int,
    replication: int,
    settings: Mapping[str, str] = _NO_SETTINGS,
) -> dict[str, int]:
    """Make those of these topics that are not there yet; the others stay as they are.

    Args:
        access: where, and as whom.
        topics: their names.
        partitions: of each.
        replication: of each; -1: the broker's default.
        settings: Kafka's own for a topic, e.g. "retention.ms".

    Returns:
        Topic -> how many partitions it has.

    Raises:
        ServiceError: Kafka cannot be reached, or refuses.
    """
    import confluent_kafka
    from confluent_kafka.admin import NewTopic

    admin: AdminClient = client("AdminClient", access, Watch(access), {})
    with kafka_errors("ask which topics there are"):
        present = admin.list_topics(timeout=ASK).topics
    new = [NewTopic(name, partitions, replication, config=dict(settings)) for name in topics if name not in present]
    for name, future in (admin.create_topics(new, request_timeout=ASK) if new else {}).items():
        try:
            future.result(ASK)
        except confluent_kafka.KafkaException as error:
            # Another process may have made it in the same moment.
            if error.args[0].code() != confluent_kafka.KafkaError.TOPIC_ALREADY_EXISTS:
                raise ServiceError(f"cannot make the topic {name}: {told(error)}") from error
        except TimeoutError as error:
            raise ServiceError(f"cannot make the topic {name}: no answer") from error
    return {name: len(present[name].partitions) if name in present else partitions for name in topics}
