"""What Linnet costs on this machine: one table, `bench/latest.json` and `docs/performance.md`.

    make bench          # minutes
    make bench-quick    # two minutes; fails where a ratio to the yardstick fell by half
    make profile        # a flame graph of the corridor, bench/profile.svg

Every part names a yardstick that runs in the same rounds of the same process: fastavro decoding the same packets, or a
bare SQLite replay of the same rows. Absolute figures belong to the machine; ratios are what to compare.
"""

from bench.sample_packets import packets

__all__ = ["packets"]
