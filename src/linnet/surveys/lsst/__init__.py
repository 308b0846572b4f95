"""LSST: alerts of the Vera C. Rubin Observatory."""

from linnet.surveys.lsst.quality import QUALITY_BITS
from linnet.surveys.lsst.survey import Lsst

__all__ = ["QUALITY_BITS", "Lsst"]
