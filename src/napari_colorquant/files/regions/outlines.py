"""The outlines of masks along the edges of pixels, with their holes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

Part = tuple["NDArray[np.int64]", ...]
"""An outline and the outlines of its holes, each (n, 2) of x and y, not closed."""


def parts_of(mask: NDArray[np.bool_], start: tuple[int, int]) -> tuple[Part, ...]:
    """Return the parts of a mask, (rows, columns), whose pixels share sides.

    Their area is exactly the number of pixels. An outline never touches itself, as
    polygons of OGC must not: where a part does, at a corner, it has a hole. start: the
    row and column of the mask's first pixel.
    """
    from contourpy import FillType, contour_generator

    if not mask.any():
        return ()
    padded = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2))
    padded[1:-1, 1:-1] = mask
    combined = FillType.ChunkCombinedOffsetOffset
    contours = contour_generator(z=padded, fill_type=combined)
    # Above one half, as the middle of four pixels, two of them inside, is outside then.
    found: Any = contours.filled(0.75, 2.0)
    (points,), (ends,), (groups,) = found
    corners, ends = _corners(points, ends.astype(np.int64))
    pinched = _pinched(corners, ends)
    corners += start[::-1]
    places = zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    rings = [corners[first:last] for first, last in places]
    parts: list[Part] = []
    to_cut = np.logical_or.reduceat(pinched, groups[:-1]).tolist()
    for number, is_pinched in enumerate(to_cut):
        part = rings[groups[number] : groups[number + 1]]
        if is_pinched:
            loops = [loop for ring in part for loop in _loops(ring)]
            part = sorted(loops, key=_is_hole)
        parts.append(tuple(part))
    return tuple(parts)


def _corners(
    points: NDArray[np.float64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the corners that contours go around, and where those of a ring end.

    A contour crosses each edge between two pixels, one inside and one outside, and
    nothing else: it turns a corner between an upright edge and a level one.
    """
    is_upright = points[:, 0] % 1 != 0
    # Of padded pixels, whose edges are half a pixel further.
    corner_of = points.astype(np.int64)
    before, after = slice(None, -1), slice(1, None)
    turns = is_upright[before] != is_upright[after]
    turns[ends[1:-1] - 1] = False  # from the last point of a ring to the next ring
    x = np.where(is_upright[before], corner_of[before, 0], corner_of[after, 0])
    y = np.where(is_upright[before], corner_of[after, 1], corner_of[before, 1])
    n_before = np.concatenate([[0], np.cumsum(turns), [turns.sum()]])
    return np.stack([x, y], axis=-1)[turns], n_before[ends]


def _pinched(corners: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rings go through a corner more than once."""
    ring = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    x, y = corners.T
    place = (ring * (y.max() + 1) + y) * (x.max() + 1) + x
    order = np.argsort(place)
    again = place[order][1:] == place[order][:-1]
    pinched = np.zeros(len(ends) - 1, bool)
    pinched[ring[order][1:][again]] = True
    return pinched


def _loops(ring: NDArray[np.int64]) -> Iterable[NDArray[np.int64]]:
    """Cut a ring where it goes through a corner again, into loops that do not."""
    path: list[tuple[int, ...]] = []
    places: dict[tuple[int, ...], int] = {}
    for corner in map(tuple, ring.tolist()):
        if corner in places:
            start = places[corner]
            yield np.array(path[start:])
            for passed in path[start + 1 :]:
                del places[passed]
            del path[start + 1 :]
        else:
            places[corner] = len(path)
            path.append(corner)
    yield np.array(path)


def _is_hole(ring: NDArray[np.int64]) -> bool:
    """Return whether a loop goes around a hole, by the sign of its area."""
    x, y = ring.T
    area = x[:-1] @ y[1:] - y[:-1] @ x[1:] + x[-1] * y[0] - y[-1] * x[0]
    return bool(area < 0)
