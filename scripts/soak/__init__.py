"""Half an hour of even load on the live broker: memory, lag, and whether every alert is accounted for.

    make soak                      # half an hour, some 15 GB of disk; bench/soak.json
    PYTHONPATH=scripts:tests python -m soak --minutes 3

A real Kafka deletes what is older than a minute or so while a real `linnet run` reads, stores, archives and delivers
300 alerts a second, each of about 33 KB: ZTF packets as they are sent now, without their stamps. Another process makes
them as they are sent. Ten nights pass in that time, so that every state of the broker comes several times: objects seen
before, a night's first unit, segments closed, files flushed. Until minute four the store's cache still fills, by 1 KB
with every alert; with `--earlier 70000` it is full before, as after an outage.
"""
