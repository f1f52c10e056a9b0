"""The public functions: learn a palette, assign every pixel, redraw.

Most of the lines are their docstrings, which belong beside the signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from numpy.typing import ArrayLike

from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.core.image.image import see_image
from napari_colorquant.core.learn.fit import what_to_learn
from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.core.palette.palette import Palette, as_palette
from napari_colorquant.core.palette.white import with_white
from napari_colorquant.core.quantization.levels import (
    apply_to_levels,
    fit_palette_of,
    given_for,
    quantize_levels,
)
from napari_colorquant.core.quantization.limits import with_limits, without_region
from napari_colorquant.core.quantization.painted import check_per_class
from napari_colorquant.core.quantization.pool import (
    are_several,
    check_weight,
    of_several,
    pool,
    see_several,
)
from napari_colorquant.core.quantization.report import warn_of
from napari_colorquant.core.quantization.result import Quantization
from napari_colorquant.core.quantization.seeds import learn_classes


def quantize(
    image: ArrayLike,
    n_colors: int | str = DEFAULTS.n_colors,
    *,
    method: str = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
    weights: Sequence[float] | None = DEFAULTS.weights,
    stains: ArrayLike | None = DEFAULTS.stains,
    stain_scale: Sequence[float] | None = DEFAULTS.stain_scale,
    background: str | float | ArrayLike | None = DEFAULTS.background,
    balance: float = DEFAULTS.balance,
    fixed: Palette | ArrayLike | None = DEFAULTS.fixed,
    target_psnr: float | None = DEFAULTS.target_psnr,
    target_delta_e: float | None = DEFAULTS.target_delta_e,
    max_distance: float | None = DEFAULTS.max_distance,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
    seeds: ArrayLike | None = None,
    per_class: int = 1,
    data_range: float | None = None,
    random_state: int = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> Quantization:
    """Learn a palette from an image and redraw the image in it.

    The image may be larger than memory: of an array of dask or zarr, blocks are read,
    up to 16,777,216 pixels and 128 MiB, to learn from. An image that has no more gives
    the very result that it gives in memory. Of a larger one, the seed chooses blocks or
    parts of large ones, that are spread over all of it, and these alone are learned
    from; the counts and the error are estimated from them, and a target for "auto" is
    reached on them. Labels and picture are lazy: each block is computed when it is
    looked at, as it would be in memory.

    Parameters
    ----------
    image : array_like
        Integers or floats of up to 64 bits, of any range and any number of axes; or an
        array of dask or zarr of such.
    n_colors : int or "auto"
        Number K of palette entries, 2 to 65,535. An image that has no more
        colours than that keeps them all, without loss where the colour space tells
        them apart. "auto": the fewest, up to 1,024, that reach the target, found by
        a few trials.
    method : {"kmeans", "wu", "random"}
        k-means, the means of Wu's boxes, or a codebook of distinct colours picked at
        random.
    refine : bool
        Polish the palette by Lloyd's iterations over every pixel. False learns from
        the sample alone, as scikit-learn's example does. A random codebook stays as
        it was picked.
    n_samples : int or None
        Number of pixels to learn from; None learns from every pixel. With `refine`
        only the start is learned from them, and not even that for 8-bit images of up
        to three channels and 16-bit ones of one: there every colour is counted.
    color_space : {"rgb", "lab", "ab", "oklab", "hed", "stains"}
        Space in which colours are compared and averaged: the channels as they are;
        CIELAB under D65 as scikit-image defines it; its a* and b* alone, which are hue
        and chroma without lightness; Oklab (Ottosson, 2020); or scikit-image's stains
        haematoxylin, eosin and DAB (Ruifrok and Johnston, 2001), whose amounts may be
        below 0 here; what is darker than 1/512 of white is one black to them; or two
        or three stains of the slide itself, see `stains`, as parts of full staining, so
        that a palette of one slide fits another that is stained in other colours or
        more faintly. All but the first take RGB, from 0 to white: see `data_range`. An
        entry of ``"ab"`` is drawn in the mean of its pixels in CIELAB, its lightness
        included; lightness has the weight 2**-24 there, and decides between exact ties
        alone. So has what neither of two stains explains.
    weights : sequence of float, optional
        What each channel of the space is multiplied by before distances are taken, in
        learning and in assigning: 1e-6 to 1e6, one for each channel of the image in
        ``"rgb"``, two in ``"ab"``, one for each stain in ``"stains"``, three in the
        others. By default all are 1. The palette keeps them; errors in the report are
        of the image's own values.
    stains : array_like, shape (2, 3) or (3, 3), optional
        Of ``"stains"``: the optical densities of red, green and blue of each stain, of
        which the directions alone count. By default two are estimated, as
        :func:`estimate_stains` does it, of what is read to learn from.
    stain_scale : sequence of float, optional
        Of ``"stains"``: the optical density of each stain that counts as full staining,
        which is an amount of 1, from 0.01 to 100. By default its 99th percentile over
        tissue; where that is less than 0.15, it is that of the strongest stain, and a
        note in the report says so.
    background : "otsu", float, sequence of float or array_like of bool, optional
        A limit for each channel, in the image's own units: what is at or below it
        counts as the limit, in learning and in assigning, so that pixels that are so in
        all channels are one colour, and get one entry. It is one number for all
        channels, or one for each; ``"otsu"``, for Otsu's threshold of each over the
        pixels to quantize that are read to learn from; or a region where the image is
        empty, True inside, in the shape of a mask: of each channel, the value that 99 %
        of its pixels do not exceed. Of integers it is rounded down. The palette keeps
        the limits that were found, and :func:`apply_palette` takes them. In the picture
        what is background has a colour of the palette, at the limits or a little above
        them; errors in the report compare the redrawn picture with the image as it
        counts. For ``"rgb"`` alone, of any channels.
    balance : float
        How much rare colours are favoured in learning, 0 to 1. A cell is as large as 4
        x 4 x 4 colours of 8 bits, or a 64th of the range of values along each of up to
        three channels; one of n pixels counts ``n ** (1 - balance)``. 0 counts every
        pixel, for the smallest error; 1 counts every cell once, so that a stain of few
        pixels gets an entry. The range is white where it is known. More channels have
        wider cells: as many together as three, along the first 18 of them.
    fixed : Palette or array_like, shape (F, C), optional
        Colours that must be in the palette unchanged; the other K - F are learned
        around them. They are in the image's own units; where a palette of RGB says
        other units, it is converted. One that was learned in another colour space than
        `color_space` is refused. Where nothing is left to learn, they keep their order.
    target_psnr : float, optional
        For "auto": peak signal-to-noise ratio to reach, in dB, as the report has it.
    target_delta_e : float, optional
        For "auto": mean ΔE2000 to reach, of three channels.
    max_distance : float, optional
        Leave out pixels that are farther than this from every entry: they get the label
        0, keep their colour, and are counted in the report, whose errors are those of
        the other pixels. It is a Euclidean distance in the space in which colours are
        compared: in ``"rgb"`` of the image's own units (of 8 bits from 0 to 441), in
        ``"lab"`` a ΔE76. It acts on assigning alone: the palette, and the number of
        colours for "auto", are learned as without it. By default no pixel is left out.
    channel_axis : int or None
        -1: the last axis holds RGB or RGBA, as pictures do. Any other axis
        (also the last one, by its number from 0): its entries are channels of
        data. None: a single-channel image.
    mask : array_like of bool, optional
        Pixels to quantize, shape of the image without its channel axis. With a lazy
        image it may be lazy, too.
    learn_mask : array_like of bool, optional
        Pixels to learn from, likewise: of those inside `mask` only. By default all.
        Of a larger image than is read, half of the blocks that are read are of these.
    seeds : array_like of int, optional
        Classes that were painted: each pixel's, 0 for none. The mean colour of each
        class's pixels becomes an entry of its own, named "class 1" and so on, that is
        `fixed` while the others are learned around them. All are sorted as always.
        With a lazy image they may be lazy, too: all of them are looked through, and of
        the image the blocks in which something is painted are read. Where more is
        painted of a larger image than is read to learn from, each class is learned from
        its share of that, chosen by the seed.
    per_class : int
        Entries of each class, by k-means among its own pixels.
    data_range : float, optional
        The value of white of an RGB image. By default the largest integer of the dtype,
        or 1 for floats. Where all values of an RGB image in uint16 are below 2**8,
        2**10, 2**12 or 2**14, it is the largest value of so many bits, and a note in
        the report says so. The palette keeps it; :func:`apply_palette`, and fixed
        colours with units in the image's dtype, bring theirs. CIELAB, stains, ΔE2000,
        PSNR and colours for display depend on it. Values above it are an error. Of
        other channels it is the peak of PSNR alone.
    random_state : int
        Seed. The same input, parameters and machine give the same result to the
        last byte, however many threads there are.
    progress : callable, optional
        Called with a :class:`Progress` after every piece of work. What it raises
        stops the run and is passed on.

    Returns
    -------
    Quantization
        The palette (sorted dark to light), labels, redrawn image and report. Of a lazy
        image, labels and image are dask arrays, in its blocks.

    Raises
    ------
    TypeError
        If the image's dtype or a parameter's type cannot be used.
    ValueError
        If a shape is ambiguous or wrong, no pixel is valid, or a parameter is
        out of range. What is wrong with a block of a lazy image that was not read, such
        as values beyond ``2**53``, is raised when it is computed.

    Warns
    -----
    UserWarning
        If the image has fewer colours than were asked for, "auto" does not reach the
        target, or all pixels are left out.

    See Also
    --------
    fit_palette : Learn the palette only.
    apply_palette : Assign and redraw with a palette that is there already.
    count_all : Count the pixels of each entry of an image larger than memory.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.array([[[0, 0, 0], [9, 9, 9], [250, 0, 0]]], dtype=np.uint8)
    >>> q = quantize(image, n_colors=3)
    >>> q.labels
    array([[1, 2, 3]], dtype=uint8)
    """
    limits, region = without_region(background)
    parameters = Parameters(
        n_colors=n_colors,
        method=method,
        refine=refine,
        n_samples=n_samples,
        color_space=color_space,
        weights=weights,
        stains=stains,
        stain_scale=stain_scale,
        background=limits,
        balance=balance,
        fixed=as_palette(fixed),
        target_psnr=target_psnr,
        target_delta_e=target_delta_e,
        max_distance=max_distance,
        random_state=random_state,
    )
    check_per_class(per_class)
    seen = with_white(see_image(image, channel_axis, mask, learn_mask), data_range)
    with Monitor(progress) as monitor:
        learning = monitor
        if region is not None:
            looking = monitor.part(0.0, 0.0, "read")
            parameters = with_limits(seen, parameters, looking, region)
        if seeds is not None:
            what_to_learn(seen.outline, parameters)  # or an error, before reading
            given = (seen, parameters, seeds, per_class)
            parameters = learn_classes(*given, monitor.part(0.0, 0.5))
            learning = monitor.part(0.5, 1.0)
        (result,) = quantize_levels([seen], parameters, learning)
    warn_of(result.report.notes)
    return result


def fit_palette(
    image: ArrayLike | Sequence[ArrayLike],
    n_colors: int | str = DEFAULTS.n_colors,
    *,
    method: str = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
    weights: Sequence[float] | None = DEFAULTS.weights,
    stains: ArrayLike | None = DEFAULTS.stains,
    stain_scale: Sequence[float] | None = DEFAULTS.stain_scale,
    background: str | float | Sequence[float] | None = DEFAULTS.background,
    balance: float = DEFAULTS.balance,
    fixed: Palette | ArrayLike | None = DEFAULTS.fixed,
    target_psnr: float | None = DEFAULTS.target_psnr,
    target_delta_e: float | None = DEFAULTS.target_delta_e,
    channel_axis: int | None = -1,
    mask: ArrayLike | Sequence[ArrayLike | None] | None = None,
    data_range: float | None = None,
    weight: str = "pixel",
    random_state: int = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> Palette:
    """Learn a palette from an image, or one palette from several.

    Parameters
    ----------
    image : array_like or list of array_like
        See :func:`quantize`; or a list of images of the same channels and dtype, whose
        shapes may differ. Of images that have more than 16,777,216 pixels together, or
        take more than 128 MiB, as many pixels are drawn.
    n_colors : int or "auto"
        See :func:`quantize`.
    method : {"kmeans", "wu", "random"}
        See :func:`quantize`.
    refine : bool
        See :func:`quantize`.
    n_samples : int or None
        See :func:`quantize`.
    color_space : {"rgb", "lab", "ab", "oklab", "hed", "stains"}
        See :func:`quantize`.
    weights : sequence of float, optional
        See :func:`quantize`.
    stains : array_like, shape (2, 3) or (3, 3), optional
        See :func:`quantize`.
    stain_scale : sequence of float, optional
        See :func:`quantize`.
    background : "otsu", float or sequence of float, optional
        See :func:`quantize`, except for a region.
    balance : float
        See :func:`quantize`.
    fixed : Palette or array_like, shape (F, C), optional
        See :func:`quantize`.
    target_psnr : float, optional
        See :func:`quantize`.
    target_delta_e : float, optional
        See :func:`quantize`.
    channel_axis : int or None
        See :func:`quantize`.
    mask : array_like of bool, or list of array_like of bool, optional
        See :func:`quantize`; of several images, a list with one a image, or None.
    data_range : float, optional
        See :func:`quantize`. One white holds for all images.
    weight : {"pixel", "image"}
        What counts the same where there are several images: each pixel, so that a large
        image has more say, or each image, whatever its size.
    random_state : int
        See :func:`quantize`.
    progress : callable, optional
        See :func:`quantize`.

    Returns
    -------
    Palette
        Sorted dark to light, without counts: it has not been applied yet.

    Raises
    ------
    TypeError
        As :func:`quantize`.
    ValueError
        As :func:`quantize`; also if several images differ in channels or dtype, or one
        has no valid pixel.

    Warns
    -----
    UserWarning
        If the image has fewer colours than were asked for, or "auto" does not reach
        the target.

    Examples
    --------
    >>> palette = fit_palette([slide, other_slide], 16, weight="image")
    >>> q = apply_palette(slide, palette)
    """
    parameters = Parameters(
        n_colors=n_colors,
        method=method,
        refine=refine,
        n_samples=n_samples,
        color_space=color_space,
        weights=weights,
        stains=stains,
        stain_scale=stain_scale,
        background=background,
        balance=balance,
        fixed=as_palette(fixed),
        target_psnr=target_psnr,
        target_delta_e=target_delta_e,
        random_state=random_state,
    )
    check_weight(weight)
    notes: tuple[str, ...] = ()
    seen: Any = None
    if are_several(image):
        several = see_several(cast("Any", image), channel_axis, mask, data_range)
        what_to_learn(several[0].outline, parameters)  # or an error, before reading
    else:
        alone: Any = mask  # and no list of masks
        seen = with_white(see_image(image, channel_axis, alone), data_range)
    with Monitor(progress) as monitor:
        if seen is None:
            given = (several, weight, parameters.fixed, random_state)
            seen, notes = pool(*given, monitor.part(0.0, 0.5))
            monitor = monitor.part(0.5, 1.0)
        palette, more = fit_palette_of(seen, parameters, monitor)
    warn_of((*notes, *more))
    return of_several(palette) if are_several(image) else palette


def apply_palette(
    image: ArrayLike,
    palette: Palette,
    *,
    max_distance: float | None = None,
    stains: ArrayLike | None = None,
    stain_scale: Sequence[float] | None = None,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    data_range: float | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> Quantization:
    """Redraw an image in a palette that is there already.

    Of an image larger than memory, only as much is read at once as :func:`quantize`
    learns from, to count the pixels of each entry or to estimate the counts.

    Parameters
    ----------
    image : array_like
        See :func:`quantize`.
    palette : Palette
        One column a channel; colours are compared in its colour space. Of RGB whose
        units are known, they are converted to the image's. Other channels, and colours
        without units, are taken as they are. The limits of its background hold here,
        too: ``dataclasses.replace(palette, background=...)`` has others.
    max_distance : float, optional
        Leave out pixels that are farther than this from every entry, as text and margin
        are from the colours of a legend. See :func:`quantize`; it is in the image's
        units, or in those of the palette's colour space.
    stains : array_like, shape (2, 3) or (3, 3), optional
        Of a palette of ``"stains"``: the vectors of the image's own stains, in the
        order of the palette's; see :func:`quantize`. By default two are estimated, and
        a stain that is not found has the palette's vector, of which a note tells; of
        three stains, all have the palette's.
    stain_scale : sequence of float, optional
        Of such a palette: the optical density of each stain that is full staining in
        the image. By default its 99th percentile over tissue, by which differences of
        staining vanish; where that is less than 0.15, the palette's, so that a slide
        without a stain gets none. Pass one scale for all slides to keep their real
        differences.
    channel_axis : int or None
        See :func:`quantize`.
    mask : array_like of bool, optional
        See :func:`quantize`.
    data_range : float, optional
        The value of white of an RGB image; see :func:`quantize`. By default that of a
        palette whose units are the image's dtype.
    progress : callable, optional
        See :func:`quantize`.

    Returns
    -------
    Quantization
        Its palette is `palette` in this image's units and with its counts, in the same
        order. A palette of ``"stains"`` is compared with the image's own stains, which
        are in the report.

    Raises
    ------
    TypeError
        If `palette` is no Palette or the image's dtype cannot be used.
    ValueError
        If the palette's channels are not the image's, `max_distance` is not above 0,
        the image has values above white, or below 0 where the palette is converted to
        floats, stains are passed for a palette of another space or not as many as it
        has, or as :func:`quantize`.

    Warns
    -----
    UserWarning
        If all pixels are left out, or the palette does not fit the image, see
        :class:`Report`.

    Examples
    --------
    >>> q = apply_palette(chart, legend, max_distance=40)
    >>> print(q.report)
    """
    if not isinstance(palette, Palette):
        raise TypeError(
            f"palette is a {type(palette).__name__}: pass a Palette, such as "
            "Palette(colors)."
        )
    given = given_for(palette, stains, stain_scale)
    seen = with_white(see_image(image, channel_axis, mask), data_range)
    with Monitor(progress) as monitor:
        (result,) = apply_to_levels([seen], palette, monitor, max_distance, given)
    warn_of(result.report.notes)
    return result
