"""The kill harness: a real broker on a real Kafka, killed at every instant that has a name and at many that have none.

    python -m torture            # everything; writes bench/torture.json

`traffic` makes the messages, `nursery` and `broker` the process that is killed, `case` kills and restarts it until the
topics are drained, `history` is the log of what was offered and what sinks received, and `checking` reads that log, the
store, the archives and nothing else. `sabotage` breaks the broker on purpose, which the checker must notice.
"""
