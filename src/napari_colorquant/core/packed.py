"""Masks as plain data, small enough for a record and a script."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any
from zlib import compress

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 2**17
"""Characters of a mask that is kept: regions that were drawn have some hundreds, noise
of a megapixel has more."""
_MOST_PIXELS = 2**28
"""Pixels that are packed in less than a second."""


def packed_mask(mask: NDArray[np.bool_] | None) -> dict[str, Any] | None:
    """Return a mask as plain data, or None if it is not in memory or too large.

    It has ``shape`` and ``bits``: numpy.packbits in reading order, then zlib, then base
    64 (RFC 4648), of at most LONGEST characters.
    """
    if not isinstance(mask, np.ndarray) or mask.size > _MOST_PIXELS:
        return None
    bits = b64encode(compress(np.packbits(mask).tobytes())).decode("ascii")
    if len(bits) > LONGEST:
        return None
    return {"shape": list(mask.shape), "bits": bits}
