"""How long alerts are under way through the live broker: from Kafka's append of a packet to its append of the match.

    make bench-live                # all of it, kept in bench/live.json: some fifteen minutes, 4 GB of disk
    PYTHONPATH=scripts:tests python -m bench_live --parts slow-readers
    PYTHONPATH=scripts:tests python -m bench_live --parts burst at-once --visits 3 --at-once 2000

Kafka, the load and the broker share this machine. Every alert matches one filter and is delivered, so each has a delay;
both times are the broker's own (`LogAppendTime`), so clocks do not matter. The packets are made beforehand.

burst: visits of 2,000 alerts of 75 KB, each sent within 3 s, every 7.4 s: a fifth of LSST's mean visit, five times as
often, so that a machine is enough which Kafka and the load share.
at once: a topic that was filled beforehand; the delay begins when the broker says that it has started.
slow readers: what a reader of one message a second, over Kafka or HTTP, costs those who read beside it.
"""
