"""What Linnet costs on this machine: one table, `bench/latest.json` and `docs/performance.md`.

    make bench          # minutes
    make bench-full     # as long as it takes: ten million stored, twenty minutes of even load
    make bench-quick    # two minutes; fails where a ratio to the yardstick fell by half
    make profile        # a flame graph of the corridor, bench/profile.svg

One part alone, of which nothing is written: `PYTHONPATH=scripts python -m bench full --parts memory`. Every part names
a yardstick that runs in the same rounds of the same process: fastavro decoding the same packets, a bare SQLite replay
of the same rows, or each filter by itself. Absolute figures belong to the machine; ratios are what to compare.
"""
