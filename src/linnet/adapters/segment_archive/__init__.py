"""The raw archive on a local disk: plain Avro container files, `FOLDER/SURVEY/NIGHT/FINGERPRINT-NNNN.avro`.

A segment is append-only. What the store has committed of it (its length) is the truth; `recover` cuts off the rest. A
closed segment has a manifest beside it, `FINGERPRINT-NNNN.json`, with rows, bytes and SHA-256.
"""

from linnet.adapters.segment_archive.archive import SegmentArchive
from linnet.adapters.segment_archive.manifest import read_manifest
from linnet.adapters.segment_archive.names import SegmentName

__all__ = ["SegmentArchive", "SegmentName", "read_manifest"]
