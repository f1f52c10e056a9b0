"""Numbers near 1, so that their squares neither overflow nor vanish."""

from __future__ import annotations

import numpy as np


def power_of_two_scale(largest: float) -> float:
    """Return the power of two that brings a magnitude near 1; 0 gives 1.

    Multiplication by it is exact: distances keep their order to the last bit and never
    overflow, whatever the units.
    """
    if largest == 0:
        return 1.0
    exponent = int(np.frexp(largest)[1])
    return float(np.ldexp(1.0, int(np.clip(-exponent, -1000, 1000))))
