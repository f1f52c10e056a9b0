"""Layers in, layers out: the public functions for scripts with layers.

Type hints are objects here, not texts, as magicgui reads that of what comes back
without the names of this module. They also tell it how a form takes each value.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from napari.layers import Image, Labels, Shapes
from numpy.typing import ArrayLike

from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.core.image.validate import is_layer
from napari_colorquant.core.learn.descriptions import DESCRIPTIONS
from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.core.palette.palette import Palette, as_palette
from napari_colorquant.core.quantization.limits import ANY_LIMIT, without_region
from napari_colorquant.core.quantization.report import warn_of
from napari_colorquant.viewer.layers.channels import SCALINGS
from napari_colorquant.viewer.layers.image_input import take_channels, take_source
from napari_colorquant.viewer.layers.layer_properties import named_axis
from napari_colorquant.viewer.layers.result_layers import result_layers
from napari_colorquant.viewer.layers.target import Target
from napari_colorquant.viewer.plugin.introduction import introduce
from napari_colorquant.viewer.tasks.measure import take_measured
from napari_colorquant.viewer.tasks.quantize import (
    do_located,
    given_or_painted,
    quantize_work,
)
from napari_colorquant.viewer.tasks.work import Work, work_of

if TYPE_CHECKING:
    from pandas import DataFrame
else:  # hints resolve without loading it
    DataFrame = Any

_TYPED = {"widget_type": "LiteralEvalLineEdit"}
"""A form takes it as it is written in Python: 16, None, "auto", [1, 0.5, 0.5]."""
_Colors = Annotated[int | str, _TYPED]
_Count = Annotated[int | None, _TYPED]
_Number = Annotated[float | None, _TYPED]
_Numbers = Annotated[Sequence[float] | None, _TYPED]
_Axis = Annotated[int | str | None, _TYPED]
_Share = Annotated[float, {"min": 0.0, "max": 1.0, "step": 0.05}]
_Seed = Annotated[int, {"max": 2**31 - 1}]
_Entries = Annotated[int, {"min": 1}]
_Method = Annotated[str, {"choices": [*DESCRIPTIONS["method"].choices]}]
_Space = Annotated[str, {"choices": [*DESCRIPTIONS["color_space"].choices]}]
_Scaling = Annotated[str, {"choices": SCALINGS}]


def quantize_layer(
    layer: Image,
    n_colors: _Colors = DEFAULTS.n_colors,
    *,
    method: _Method = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: _Count = DEFAULTS.n_samples,
    color_space: _Space = DEFAULTS.color_space,
    weights: _Numbers = DEFAULTS.weights,
    stains: Labels | Shapes | ArrayLike | None = DEFAULTS.stains,
    stain_scale: _Numbers = DEFAULTS.stain_scale,
    background: str | float | Labels | Shapes | ArrayLike | None = DEFAULTS.background,
    balance: _Share = DEFAULTS.balance,
    fixed: Palette | ArrayLike | None = DEFAULTS.fixed,
    target_psnr: _Number = DEFAULTS.target_psnr,
    target_delta_e: _Number = DEFAULTS.target_delta_e,
    max_distance: _Number = DEFAULTS.max_distance,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
    within: Labels | Shapes | None = None,
    learn_within: Labels | Shapes | None = None,
    seeds: Labels | Shapes | ArrayLike | None = None,
    per_class: _Entries = 1,
    data_range: _Number = None,
    slice_axis: _Axis = None,
    channel_axis: _Axis = None,
    random_state: _Seed = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> tuple[Image, Labels]:
    """Quantize an image layer, without a window or an event loop.

    Parameters
    ----------
    layer : napari.layers.Image
        RGB, RGBA, single-channel or with an axis of channels, of any number of axes;
        of lazy or multiscale data the layers that come back are likewise.
    n_colors : int or "auto"
        See :func:`napari_colorquant.quantize`, as for the others.
    method : {"kmeans", "wu", "random"}
        How the palette is learned.
    refine : bool
        Polish the palette over every pixel.
    n_samples : int or None
        Pixels to learn from.
    color_space : {"rgb", "lab", "ab", "oklab", "hed", "stains"}
        Space in which colours are compared.
    weights : sequence of float, optional
        How much each channel of the space counts.
    stains : napari.layers.Labels, napari.layers.Shapes or array_like, optional
        The optical densities of each stain, shape (2, 3) or (3, 3), see
        :func:`napari_colorquant.quantize`; or where each stain was painted alone, by
        the labels 1 to 2 or 3, or as many closed shapes, in the largest level, see
        `regions` of :func:`napari_colorquant.estimate_stains`. What was painted counts
        outside of `mask` and `within`, too. The record has the vectors.
    stain_scale : sequence of float, optional
        See :func:`napari_colorquant.quantize`.
    background : "otsu", float, sequence of float, layer or array of bool, optional
        A limit for each channel, at or below which everything counts as the limit; see
        :func:`napari_colorquant.quantize`. A region where the image is empty may be a
        layer, as for `within`, or an array of bool in the shape of the largest level.
    balance : float
        How much rare colours are favoured, 0 to 1.
    fixed : Palette or array_like, shape (F, C), optional
        Entries that are in the palette unchanged.
    target_psnr : float, optional
        For "auto": PSNR to reach, in dB.
    target_delta_e : float, optional
        For "auto": mean ΔE2000 to reach.
    max_distance : float, optional
        Leave out pixels that are farther than this from every entry, see
        :func:`napari_colorquant.quantize`: they have the label 0.
    mask : array_like of bool, optional
        Pixels to quantize.
    learn_mask : array_like of bool, optional
        Pixels to learn from, of those to quantize.
    within : napari.layers.Labels or napari.layers.Shapes, optional
        Where to quantize: a region of any scale and place in the world, of which the
        labels above 0, or closed shapes, are inside. One of fewer axes, say 2-D,
        applies to all slices.
    learn_within : napari.layers.Labels or napari.layers.Shapes, optional
        Where to learn, likewise.
    seeds : napari.layers.Labels, napari.layers.Shapes or array_like, optional
        Classes that were painted, in the largest level: each one gets entries of its
        own. See :func:`napari_colorquant.quantize`.
    per_class : int
        Entries of each class.
    data_range : float, optional
        The value of white of an RGB layer, see :func:`napari_colorquant.quantize`.
    slice_axis : int or str, optional
        Axis of the layer, z or t, whose entries get a palette each, by its number or
        its label; by default all share one. Labels mean the same in all slices, see
        :func:`napari_colorquant.quantize_slices`; their table and colours are the
        means over all slices, and the metadata keep the ``palettes``.
    channel_axis : int or str, optional
        Axis of a layer that is not RGB whose entries are channels, by its number or its
        label: a pixel is then what all of them have in its place, as they are. Labels
        and picture have this axis no more: the picture is RGB, uint8, and shows the
        channels added up, in the layer's contrast limits and gamma. Two are magenta
        and green, three red, green and blue, up to six have napari's colours, more are
        a spectrum from blue to red. The palette stays in their own units.
    random_state : int
        Seed.
    progress : callable, optional
        Called after every piece of work.

    Returns
    -------
    image_layer : napari.layers.Image
        The redrawn picture, ``"{name} (K colors)"``.
    labels_layer : napari.layers.Labels
        Palette index + 1, 0 where not quantized: ``"{name} (K colors) labels"``;
        hidden, as it would cover the picture in the same colours.

    Raises
    ------
    TypeError
        If the layer is no image layer or a region none, or as
        :func:`napari_colorquant.quantize`.
    ValueError
        As :func:`napari_colorquant.quantize`.

    Examples
    --------
    >>> image_layer, labels_layer = quantize_layer(viewer.layers["china"], 16)
    >>> viewer.add_layer(image_layer)
    >>> viewer.add_layer(labels_layer)
    """
    channel_axis = named_axis(layer, channel_axis, "channel_axis")
    slice_axis = named_axis(layer, slice_axis, "slice_axis")
    stains, painted_stains = given_or_painted(stains, stain_scale, weights)
    limits, empty_layer, empty = _background(background)
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
    if slice_axis is not None and seeds is not None:
        raise ValueError(
            "seeds are learned once for all slices: pass seeds or slice_axis, one of "
            "them."
        )
    image = take_source(layer, mask, learn_mask, channel_axis, data_range)
    seeds_layer, seeds = _layer_or_array(seeds)
    target = Target(
        (layer,),
        channel_axis=channel_axis,
        slice_axis=slice_axis,
        within=within,
        learn_within=learn_within,
        seeds=seeds_layer,
        per_class=per_class,
        stains=painted_stains,
        empty=empty_layer,
    )
    return _quantized(work_of(image, target, layer, seeds, empty), parameters, progress)


def quantize_layers(
    layers: Sequence[Image],
    n_colors: _Colors = DEFAULTS.n_colors,
    *,
    scaling: _Scaling = SCALINGS[0],
    method: _Method = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: _Count = DEFAULTS.n_samples,
    color_space: _Space = DEFAULTS.color_space,
    weights: _Numbers = DEFAULTS.weights,
    background: str | float | Labels | Shapes | ArrayLike | None = DEFAULTS.background,
    balance: _Share = DEFAULTS.balance,
    fixed: Palette | ArrayLike | None = DEFAULTS.fixed,
    target_psnr: _Number = DEFAULTS.target_psnr,
    target_delta_e: _Number = DEFAULTS.target_delta_e,
    max_distance: _Number = DEFAULTS.max_distance,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
    within: Labels | Shapes | None = None,
    learn_within: Labels | Shapes | None = None,
    seeds: Labels | Shapes | ArrayLike | None = None,
    per_class: _Entries = 1,
    random_state: _Seed = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> tuple[Image, Labels]:
    """Quantize several image layers together, one a channel.

    A pixel is what all layers have in its place. While it runs, channels in memory are
    also held in one array of float32, and once more as they are redrawn: eight bytes a
    pixel and channel. Where a layer is lazy, of dask or zarr, nothing is held: as much
    is read as :func:`napari_colorquant.quantize` reads, and the layers that come back
    are lazy, too.

    Parameters
    ----------
    layers : sequence of napari.layers.Image
        One a channel, not RGB, of one shape and in one place: scale, translate, rotate,
        shear, affine, units and axis_labels agree. Their dtypes may differ.
    n_colors : int or "auto"
        As :func:`quantize_layer` takes it, and so the others that both have.
    scaling : {"contrast_limits", "none", "zscore"}
        How the channels are made comparable: their lower contrast limits become 0 and
        the upper ones 1, what is beyond stays beyond; or they stay as they are; or
        their means become 0 and their standard deviations 1, over all finite pixels,
        of lazy layers over those that are read.
    method, refine, n_samples, color_space, weights, background, balance : as there
        How the palette is learned. The limits of the background are in the channels'
        own units; what is at or below one counts as the limit before it is scaled.
    fixed : as there
        Entries that are in the palette unchanged, in the channels' own units.
    target_psnr, target_delta_e : as there
        For "auto": the PSNR is that of the scaled channels.
    max_distance : as there
        It is a distance between scaled channels: by contrast limits, 1 is from the
        lower one to the upper one.
    mask, learn_mask, within, learn_within, seeds, per_class : as there
        Where to quantize and to learn, and classes that were painted.
    random_state, progress : as there
        Seed, and what is called after every piece of work.

    Returns
    -------
    image_layer : napari.layers.Image
        RGB, ``"{names} (K colors)"``: each entry is shown as the viewer blends the
        layers, the sum of their colormaps in their contrast limits, gamma and opacity.
        Pixels that were not quantized are shown as they are.
    labels_layer : napari.layers.Labels
        As :func:`quantize_layer` returns it. Its features table has a column for each
        layer under its name, in its own units.

    Raises
    ------
    TypeError
        If something is no image layer or a region none, or as
        :func:`napari_colorquant.quantize`.
    ValueError
        If the layers do not fit together, one is RGB or there twice, or as
        :func:`napari_colorquant.quantize`.

    Examples
    --------
    >>> dapi, gfp, rfp = viewer.layers
    >>> image_layer, labels_layer = quantize_layers([dapi, gfp, rfp], n_colors=6)
    """
    limits, empty_layer, empty = _background(background)
    seeds_layer, seeds = _layer_or_array(seeds)
    parameters = Parameters(
        n_colors=n_colors,
        method=method,
        refine=refine,
        n_samples=n_samples,
        color_space=color_space,
        weights=weights,
        background=limits,
        balance=balance,
        fixed=as_palette(fixed),
        target_psnr=target_psnr,
        target_delta_e=target_delta_e,
        max_distance=max_distance,
        random_state=random_state,
    )
    image = take_channels(layers, scaling, mask, learn_mask)
    target = Target(
        tuple(layers),
        within=within,
        learn_within=learn_within,
        seeds=seeds_layer,
        per_class=per_class,
        empty=empty_layer,
    )
    work = work_of(image, target, layers[0], seeds, empty)
    return _quantized(work, parameters, progress)


def measure_layer(
    labels_layer: Labels,
    *,
    regions: Labels | Shapes | None = None,
    slice_axis: _Axis = None,
    by: str = "entry",
    name: str | None = None,
    estimate: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> DataFrame:
    """Measure the area of each palette entry, or class, that a labels layer shows.

    What is measured are the labels as they are now, in the largest level, also where
    they were painted by hand. Pixels are as large as the layer's scale and units say,
    and an affine transform that stretches them counts. Axes whose unit is one of time,
    or whose label is ``"t"`` or ``"time"``, are no axes of space.

    Parameters
    ----------
    labels_layer : napari.layers.Labels
        The labels of a result, as :func:`quantize_layer` returns them. The palette is
        that of its metadata, with names and classes.
    regions : napari.layers.Labels or napari.layers.Shapes, optional
        Where to measure: each label above 0, or each closed shape, is a region, of any
        scale and place in the world. A pixel belongs to the region that its centre lies
        in. Shapes are numbered from 1 in their order; those that overlap are each
        counted whole. One of fewer axes, say 2-D, applies to all slices. Regions
        without a pixel have rows of 0 pixels, but for those of labels larger than
        memory. By default the whole image is measured.
    slice_axis : int or str, optional
        Axis of the layer, z or t, whose slices have rows of their own, by its number or
        its label.
    by : {"entry", "class"}
        What a row is of. Entries without a class have their own rows by class, too.
    name : str, optional
        What the column ``image`` says; by default the name of the layer.
    estimate : bool
        Of labels larger than memory, count only parts, see
        :func:`napari_colorquant.measure_areas`.
    progress : callable, optional
        Called after every part of the work.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`napari_colorquant.measure_areas`.

    Raises
    ------
    TypeError
        If the layer is no labels layer, or a region none.
    ValueError
        If the layer shows no result, the regions have no pixel of it, more axes or open
        shapes, its units are none of length, or as
        :func:`napari_colorquant.measure_areas`.

    Examples
    --------
    >>> image_layer, labels_layer = quantize_layer(viewer.layers["slide"], 4)
    >>> table = measure_layer(labels_layer, regions=viewer.layers["glands"])
    >>> table.to_csv("areas.csv", index=False)
    """
    measured = take_measured(labels_layer, regions, slice_axis, by, name, estimate)
    with Monitor(progress) as monitor:
        return measured.table(monitor)


def _layer_or_array(given: Any) -> tuple[Any, Any]:
    """Return a layer and None, or None and what is no layer."""
    return (given, None) if is_layer(given) else (None, given)


def _background(given: Any) -> tuple[Any, Any, Any]:
    """Return the background for parameters, and the region where it is found.

    The region is a layer or an array; the other is None. With a region, the limits are
    not known yet, and parameters are checked with any.
    """
    layer, other = _layer_or_array(given)
    if layer is not None:
        return ANY_LIMIT, layer, None
    limits, empty = without_region(other)
    return limits, None, empty


def _quantized(
    work: Work,
    parameters: Parameters,
    progress: Callable[[Progress], object] | None,
) -> tuple[Image, Labels]:
    """Return the layers of a result, and warn of what the user has to know."""
    with Monitor(progress) as monitor:
        asked = (quantize_work, parameters, monitor)
        work, result = do_located(work, *asked, is_live=False)
    warn_of(result.report.notes)
    introduce()
    return result_layers(work.image, result)
