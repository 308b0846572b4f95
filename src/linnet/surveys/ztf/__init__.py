"""The Zwicky Transient Facility: packets of every schema from 1.1 to 4.02, as sent and as rewritten by brokers."""

from linnet.surveys.ztf.alert_columns import QUALITY_BITS
from linnet.surveys.ztf.survey import Ztf

__all__ = ["QUALITY_BITS", "Ztf"]
