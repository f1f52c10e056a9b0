"""Images by their stains: estimate them, and redraw a slide as if stained as another.

The public functions; what they compute is in `core/color/stains.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_colorquant.core.color.spaces import space_of
from napari_colorquant.core.color.stains import (
    Rows,
    Stains,
    check_scales,
    check_vectors,
)
from napari_colorquant.core.compute.arguments import whole_number
from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.core.found.painted_stains import vectors_of_regions
from napari_colorquant.core.found.tissue import (
    ESTIMATED,
    MATCHED,
    MEASURED,
    Slide,
    check_apart,
    check_light,
    stains_in,
    tissue_in,
    vectors_in,
)
from napari_colorquant.core.image.image import (
    Image,
    channels_of,
    mapped,
    see_image,
    set_white,
)
from napari_colorquant.core.image.pixels import Pixels, see_pixels
from napari_colorquant.core.image.sampling import read_subset
from napari_colorquant.core.image.validate import is_lazy, see_array
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.palette.white import find_white, with_white
from napari_colorquant.core.quantization.painted import (
    STAINS,
    read_painted,
    refuse_unpainted,
)
from napari_colorquant.core.quantization.report import warn_of

if TYPE_CHECKING:
    from napari_colorquant.core.quantization.painted import LazySeeds


def estimate_stains(
    image: ArrayLike,
    n_stains: int | None = None,
    *,
    regions: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    data_range: float | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> NDArray[np.float64]:
    """Estimate the colours of stains from a slide, or from regions that show each.

    Without regions, two stains are the outermost colours of the tissue, by Macenko et
    al. (2009, A method for normalizing histology slides for quantitative analysis,
    doi:10.1109/ISBI.2009.5193250). Tissue is where the optical densities of red, green
    and blue, -log10 of the light that is left, add up to more than 0.45, so that pale
    eosin counts; of a pale slide, the densest three quarters of what is no glass. Glass
    and the ink of blue, green and black pens do not count.

    With regions, the vector of each stain is the median direction of the densities in
    its region, of pixels that are stained: no glass, but ink counts.

    Parameters
    ----------
    image : array_like
        RGB or RGBA as for :func:`quantize`, of any integers or floats. Of an image
        larger than memory, as much is read as :func:`quantize` learns from. From more
        than 262,144 pixels, as many are drawn.
    n_stains : {2, 3}, optional
        By default as many as there are regions, or two. Three stains can only be
        estimated from regions.
    regions : array_like of int, optional
        Which pixels show one stain alone: its number, 1 to 3, in the shape of the image
        without its channel axis, 0 where nothing was painted. The rows that come back
        are in the order of the numbers. Of an image or of labels larger than memory,
        blocks with painted pixels are read, and in all as many as :func:`quantize`
        learns from. Of more than 262,144 pixels of a stain, as many are drawn.
    mask : array_like of bool, optional
        Pixels to look at, shape of the image without its channel axis.
    data_range : float, optional
        The value of white; see :func:`quantize`.
    progress : callable, optional
        See :func:`quantize`.

    Returns
    -------
    ndarray of float64, shape (2, 3) or (3, 3)
        A row for each stain: its optical densities of red, green and blue, of length 1.
        Without regions, the stain with more red density is first: haematoxylin, before
        eosin or DAB.

    Raises
    ------
    TypeError
        As :func:`quantize`, or if regions are no whole numbers.
    ValueError
        If the image has no last axis of RGB, or values below 0 or above white; if fewer
        than 100 pixels are tissue, more pixels have the colour of ink than of tissue,
        or there is one stain alone: its colours lie within 10 degrees. With regions, if
        they have another shape or other numbers than 1 to 2 or 3, fewer than 20 pixels
        of one are stained, or a stain lies within 5 degrees of another, or of what two
        others mix to.

    See Also
    --------
    normalize_stains : Redraw a slide as if it were stained as another.
    stain_scales : How much of each stain a slide has.

    Examples
    --------
    >>> from skimage.data import immunohistochemistry
    >>> estimate_stains(immunohistochemistry()).round(2)
    array([[0.66, 0.64, 0.39],
           [0.28, 0.49, 0.83]])

    Nuclei and DAB painted by hand, in the order in which labels number them:

    >>> picture, painted = immunohistochemistry(), np.zeros((512, 512), int)
    >>> painted[383:403, 225:245], painted[30:50, 174:194] = 1, 2
    >>> estimate_stains(picture, regions=painted).round(2)
    array([[0.66, 0.61, 0.44],
           [0.35, 0.53, 0.77]])
    """
    if n_stains is not None:
        most = 2 if regions is None else 3
        if not 2 <= whole_number(n_stains, "n_stains") <= most:
            known = "two stains can be estimated" if regions is None else "pass 2 or 3"
            more = "; of three, pass regions" if regions is None else ""
            raise ValueError(f"n_stains is {n_stains}: {known}{more}.")
    if regions is not None:
        with Monitor(progress) as monitor:
            seen = _see(image, mask, data_range)
            return painted_stains(seen, regions, monitor, n_stains)
    with Monitor(progress) as monitor:
        _, pixels = _look(image, mask, data_range, monitor)
        vectors = vectors_in(tissue_in(pixels, ESTIMATED))
    check_apart(vectors, ESTIMATED)
    return vectors


def stain_scales(
    image: ArrayLike,
    stains: ArrayLike | None = None,
    *,
    mask: ArrayLike | None = None,
    data_range: float | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> NDArray[np.float64]:
    """Measure how much of each stain the tissue of a slide has.

    Parameters
    ----------
    image : array_like
        See :func:`estimate_stains`.
    stains : array_like, shape (2, 3) or (3, 3), optional
        The optical densities of red, green and blue of each stain. By default, the two
        that are estimated.
    mask : array_like of bool, optional
        See :func:`estimate_stains`.
    data_range : float, optional
        The value of white; see :func:`quantize`.
    progress : callable, optional
        See :func:`quantize`.

    Returns
    -------
    ndarray of float64, shape (2,) or (3,)
        For each stain, the 99th percentile of its optical density along its vector,
        over tissue: what counts as full staining. Where that is less than 0.15, the
        stain hardly is there, and has the scale of the strongest one.

    Raises
    ------
    TypeError
        As :func:`quantize`, or if `stains` hold no numbers.
    ValueError
        As :func:`estimate_stains`, or if `stains` are not two or three different
        colours.

    Warns
    -----
    UserWarning
        If a stain hardly is there.

    Examples
    --------
    >>> from skimage.data import immunohistochemistry
    >>> stain_scales(immunohistochemistry()).round(2)
    array([0.4 , 1.12])
    """
    vectors = None if stains is None else check_vectors(stains)
    with Monitor(progress) as monitor:
        scales, notes = scales_of(_see(image, mask, data_range), vectors, monitor)
    warn_of(notes)
    return scales


def normalize_stains(
    image: ArrayLike,
    to: Any,
    *,
    stains: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    data_range: float | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> Any:
    """Redraw a slide as if it were stained as another.

    The amount of each stain, as part of its full staining, stays, and gets the colour
    that it has in the other slide (Macenko et al., 2009). What neither of two stains
    explains stays as well. It is for pictures: real differences of staining vanish.

    Parameters
    ----------
    image : array_like
        See :func:`estimate_stains`.
    to : array_like, or tuple of (array_like, array_like)
        The other slide; or the vectors of its stains, shape (n, 3), and their scales,
        shape (n,), as :func:`estimate_stains` and :func:`stain_scales` return them.
    stains : array_like, shape (n, 3), optional
        Vectors of the image's own stains: three where `to` has three. By default, two
        are estimated.
    mask : array_like of bool, optional
        Pixels that the image's own stains are estimated from; all are redrawn.
    data_range : float, optional
        The value of white of the image; see :func:`quantize`.
    progress : callable, optional
        See :func:`quantize`.

    Returns
    -------
    ndarray or dask array
        Shape and dtype of `image`, lazy where that is. Alpha, NaN and infinite values
        stay. What is darker than 1/512 of white is taken for that.

    Raises
    ------
    TypeError
        As :func:`quantize`, or if vectors or scales hold no numbers.
    ValueError
        As :func:`estimate_stains`, for either slide; or if vectors and scales are not
        as many.

    Warns
    -----
    UserWarning
        If a stain hardly is there, and is not stretched to full staining.

    Examples
    --------
    >>> alike = normalize_stains(slide, to=reference)
    """
    vectors = None if stains is None else check_vectors(stains)
    goal = _given(to)
    notes: tuple[str, ...] = ()
    with Monitor(progress) as monitor:
        looking = monitor.part(0.0, 0.3)
        seen, pixels = _look(image, mask, data_range, looking)
        own, notes = stains_in(pixels, vectors, slide=MEASURED)
        if goal is None:
            part = monitor.part(0.3, 0.6)
            _, other = _look(to, None, None, part, MATCHED)
            goal, more = stains_in(other, slide=MATCHED)
            notes += tuple(f"In the slide to match: {note}" for note in more)
        if len(goal.full) != len(own.full):
            raise ValueError(
                f"the image has {len(own.full)} stains, and to has "
                f"{len(goal.full)}: pass the vectors of as many as stains."
            )
        redraw = partial(_redraw, pixels.white_value, own, goal)
        redrawn = mapped(
            redraw,
            seen,
            dtype=seen.dtype,
            channels=channels_of(seen),
            monitor=monitor.part(0.6, 1.0),
        )
    warn_of(notes)
    return redrawn


def painted_stains(
    image: Image,
    regions: ArrayLike | LazySeeds,
    monitor: Monitor,
    n_stains: int | None = None,
) -> NDArray[np.float64]:
    """Return the vectors of stains that were painted, (n, 3); see estimate_stains."""
    space_of("stains", image.outline)  # or an error, before blocks are read
    given = (image, Parameters(), regions, 1, monitor)
    pixels, array = read_painted(*given, STAINS)
    pixels, _ = find_white(pixels)
    colors, numbers = [], []
    for tile in pixels.tiles():
        painted, valid = array[tile].reshape(-1), pixels.valid(tile)
        rows = painted > 0 if valid is None else (painted > 0) & valid
        colors.append(pixels.values(tile)[rows])
        numbers.append(painted[rows])
    found = np.concatenate(numbers)
    counts = dict.fromkeys(np.unique(array[array > 0]).tolist(), 0)
    refuse_unpainted(counts | Counter(found.tolist()), STAINS)
    known = (pixels.white_value, n_stains)
    return vectors_of_regions(np.concatenate(colors), found, *known)


def scales_of(
    image: Image, vectors: Rows | None, monitor: Monitor
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the densities of full staining, (n,), and notes; see stain_scales."""
    pixels, _ = find_white(read_subset(image, 0, monitor).pixels)
    found, notes = stains_in(pixels, vectors, slide=MEASURED)
    return found.scales, notes


def _given(to: Any) -> Stains | None:
    """Return stains that are given as vectors and scales; None for an image."""
    if not isinstance(to, tuple | list) or len(to) != 2:
        return None
    vectors = check_vectors(to[0], "to")
    return Stains.of(vectors, check_scales(to[1], len(vectors), "to"))


def _look(
    image: Any,
    mask: ArrayLike | None,
    data_range: float | None,
    monitor: Monitor,
    slide: Slide = MEASURED,
) -> tuple[Image, Pixels]:
    """Return an image, and what is read of it, with its white where it is known."""
    seen = _see(image, mask, data_range, slide)
    pixels, _ = find_white(read_subset(seen, 0, monitor).pixels)
    return set_white(seen, pixels.white), pixels


def _see(
    image: Any,
    mask: ArrayLike | None,
    data_range: float | None,
    slide: Slide = MEASURED,
) -> Image:
    """Return an image, checked to be red, green and blue; nothing is read."""
    array: Any = image if is_lazy(image) else see_array(image, slide.name)
    if len(array.shape) < 3 or array.shape[-1] not in (3, 4):
        raise ValueError(
            f"the {slide.name} has the shape {array.shape}: pass one with red, green "
            "and blue on its last axis."
        )
    return with_white(see_image(array, -1, mask), data_range)


def _redraw(white: float, own: Stains, goal: Stains, image: Any) -> NDArray[Any]:
    """Return a block with the amounts of its own stains in the colours of others.

    Raise ValueError for values that are no light: not all were looked at before.
    """
    picture = np.array(image, order="C")
    pixels = see_pixels(picture)
    for tile in pixels.tiles():
        values, valid = pixels.values(tile), pixels.valid(tile)
        rows = slice(None) if valid is None else valid
        check_light(values[rows], white, MEASURED)
        amounts = own.amounts(values[rows].astype(np.float64) / white)
        redrawn = white * goal.light(amounts)
        is_whole = pixels.dtype.kind in "iu"
        drawn = values.copy()
        drawn[rows] = np.rint(redrawn) if is_whole else redrawn
        pixels.colors[tile] = drawn.reshape(pixels.colors[tile].shape)
    return picture
