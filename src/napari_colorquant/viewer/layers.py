"""From the engine's results to layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from napari_colorquant.core.palette import Palette, as_palette, white_of
from napari_colorquant.core.parameters import DEFAULTS, Parameters
from napari_colorquant.core.report import warn_of
from napari_colorquant.core.steps import Progress, run
from napari_colorquant.viewer.channels import SCALINGS, Channel, composite_colors
from napari_colorquant.viewer.regions import seeds_of
from napari_colorquant.viewer.source import (
    Source,
    quantize_source,
    quantize_source_slices,
    take_source,
)
from napari_colorquant.viewer.stack import (
    ChannelResult,
    ChannelSource,
    quantize_channels,
    take_channels,
)

if TYPE_CHECKING:
    import pandas as pd
    from napari.layers import Image, Labels, Shapes
    from napari.utils.colormaps import Colormap, DirectLabelColormap
    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.pipeline import Quantization
    from napari_colorquant.core.slices import SliceQuantization

METADATA_KEY = "napari-colorquant"


def quantize_layer(
    layer: Image,
    n_colors: int | str = DEFAULTS.n_colors,
    *,
    method: str = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
    fixed: Palette | ArrayLike | None = DEFAULTS.fixed,
    target_psnr: float | None = DEFAULTS.target_psnr,
    target_delta_e: float | None = DEFAULTS.target_delta_e,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
    within: Labels | Shapes | None = None,
    learn_within: Labels | Shapes | None = None,
    seeds: Labels | Shapes | ArrayLike | None = None,
    per_class: int = 1,
    slice_axis: int | None = None,
    random_state: int = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> tuple[Image, Labels]:
    """Quantize an image layer, without a window or an event loop.

    Parameters
    ----------
    layer : napari.layers.Image
        RGB, RGBA or single-channel, of any number of axes, in memory.
    n_colors : int or "auto"
        See :func:`napari_colorquant.quantize`, as for the others.
    method : {"kmeans", "wu", "random"}
        How the palette is learned.
    refine : bool
        Polish the palette over every pixel.
    n_samples : int or None
        Pixels to learn from.
    color_space : {"rgb", "lab", "hed"}
        Space in which colours are compared.
    fixed : Palette or array_like, shape (F, C), optional
        Entries that are in the palette unchanged.
    target_psnr : float, optional
        For "auto": PSNR to reach, in dB.
    target_delta_e : float, optional
        For "auto": mean ΔE2000 to reach.
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
    slice_axis : int, optional
        Axis of the layer, z or t, whose entries get a palette each; by default all
        share one. Labels mean the same in all slices, see
        :func:`napari_colorquant.quantize_slices`; their table and colours are the
        means over all slices, and the metadata keep the ``palettes``.
    random_state : int
        Seed.
    progress : callable, optional
        Called after every piece of work.

    Returns
    -------
    image_layer : napari.layers.Image
        The redrawn picture, ``"{name} (K colors)"``.
    labels_layer : napari.layers.Labels
        Palette index + 1, 0 where not quantized: ``"{name} palette indices"``;
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
    parameters = Parameters(
        n_colors=n_colors,
        method=method,
        refine=refine,
        n_samples=n_samples,
        color_space=color_space,
        fixed=as_palette(fixed),
        target_psnr=target_psnr,
        target_delta_e=target_delta_e,
        random_state=random_state,
    )
    source = take_source(layer, mask, learn_mask, within, learn_within)
    if slice_axis is not None:
        if seeds is not None:
            raise ValueError(
                "seeds are learned once for all slices: pass seeds or slice_axis, one "
                "of them."
            )
        stack = run(quantize_source_slices(source, parameters, slice_axis), progress)
        warn_of(stack.report.notes)
        return slice_layers(source, stack)
    painted = seeds_of(layer, seeds)
    steps = quantize_source(source, parameters, painted, per_class)
    results = run(steps, progress)
    warn_of(results[0].report.notes)
    return result_layers(source, results)


def quantize_layers(
    layers: Sequence[Image],
    n_colors: int | str = DEFAULTS.n_colors,
    *,
    scaling: str = SCALINGS[0],
    method: str = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
    fixed: Palette | ArrayLike | None = DEFAULTS.fixed,
    target_psnr: float | None = DEFAULTS.target_psnr,
    target_delta_e: float | None = DEFAULTS.target_delta_e,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
    within: Labels | Shapes | None = None,
    learn_within: Labels | Shapes | None = None,
    seeds: Labels | Shapes | ArrayLike | None = None,
    per_class: int = 1,
    random_state: int = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> tuple[Image, Labels]:
    """Quantize several image layers together, one a channel.

    A pixel is what all layers have in its place. While it runs, the channels are also
    held in one array of float32, and once more as they are redrawn: eight bytes a
    pixel and channel.

    Parameters
    ----------
    layers : sequence of napari.layers.Image
        One a channel, not RGB, of one shape and in one place: scale, translate, rotate,
        shear, affine, units and axis_labels agree. Their dtypes may differ.
    n_colors : int or "auto"
        See :func:`napari_colorquant.quantize`, as for the others.
    scaling : {"contrast_limits", "none", "zscore"}
        How the channels are made comparable: their lower contrast limits become 0 and
        the upper ones 1, what is beyond stays beyond; or they stay as they are; or
        their means become 0 and their standard deviations 1, over all finite pixels.
    method : {"kmeans", "wu", "random"}
        How the palette is learned.
    refine : bool
        Polish the palette over every pixel.
    n_samples : int or None
        Pixels to learn from.
    color_space : {"rgb", "lab", "hed"}
        Space in which colours are compared.
    fixed : Palette or array_like, shape (F, C), optional
        Entries that are in the palette unchanged, in the channels' own units.
    target_psnr : float, optional
        For "auto": PSNR to reach, in dB, of the scaled channels.
    target_delta_e : float, optional
        For "auto": mean ΔE2000 to reach.
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
    random_state : int
        Seed.
    progress : callable, optional
        Called after every piece of work.

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
    parameters = Parameters(
        n_colors=n_colors,
        method=method,
        refine=refine,
        n_samples=n_samples,
        color_space=color_space,
        fixed=as_palette(fixed),
        target_psnr=target_psnr,
        target_delta_e=target_delta_e,
        random_state=random_state,
    )
    source = take_channels(layers, scaling, mask, learn_mask, within, learn_within)
    painted = seeds_of(layers[0], seeds)
    steps = quantize_channels(source, parameters, painted, per_class)
    result = run(steps, progress)
    warn_of(result.levels[0].report.notes)
    return channel_layers(source, result)


def result_layers(
    source: Source, results: Sequence[Quantization]
) -> tuple[Image, Labels]:
    """Make the two layers that show a result.

    Parameters
    ----------
    source : Source
        What was quantized.
    results : sequence of Quantization
        One a level.

    Returns
    -------
    image_layer : napari.layers.Image
        As :func:`quantize_layer` returns it.
    labels_layer : napari.layers.Labels
        Its colormap shows each label in its palette colour; its features table
        has one row a label.
    """
    return layers_of(
        source,
        results[0].palette,
        [result.image for result in results],
        [result.labels for result in results],
        run_metadata(source, results),
    )


def layers_of(
    source: Source,
    palette: Palette,
    pictures: Sequence[NDArray[Any]],
    labels: Sequence[NDArray[Any]],
    metadata: dict[str, Any],
) -> tuple[Image, Labels]:
    """Make the two layers that show a palette, a picture and labels.

    Parameters
    ----------
    source : Source
        What was quantized.
    palette : Palette
        The colours.
    pictures : sequence of ndarray
        The redrawn picture, one array a level.
    labels : sequence of ndarray
        Its labels, one array a level.
    metadata : dict
        Of both layers; see :func:`run_metadata`.

    Returns
    -------
    image_layer : napari.layers.Image
        As :func:`quantize_layer` returns it.
    labels_layer : napari.layers.Labels
        As :func:`result_layers` returns it.
    """
    shown = shown_colors(palette, rgb=source.rgb, display=source.display)
    table = palette_table(palette, shown, rgb=source.rgb)
    image_layer = picture_layer(
        source, pictures, f"{source.name} ({len(palette)} colors)", metadata
    )
    return image_layer, _labels_layer(source, labels, shown, table, metadata)


def slice_layers(source: Source, result: SliceQuantization) -> tuple[Image, Labels]:
    """Make the two layers that show a stack with one palette a slice.

    Parameters
    ----------
    source : Source
        What was quantized.
    result : SliceQuantization
        What came of it.

    Returns
    -------
    image_layer : napari.layers.Image
        Each slice in its own palette.
    labels_layer : napari.layers.Labels
        In the means of the palettes over all slices. The record in the metadata has
        the ``slice_axis`` and the ``palettes`` besides.
    """
    whole = result.whole
    metadata = run_metadata(source, [whole])
    metadata[METADATA_KEY] |= {
        "slice_axis": result.slice_axis,
        "palettes": [palette.as_dict() for palette in result.palettes],
    }
    return layers_of(source, whole.palette, [whole.image], [whole.labels], metadata)


def channel_layers(
    source: ChannelSource, result: ChannelResult
) -> tuple[Image, Labels]:
    """Make the two layers that show a result of several layers.

    Parameters
    ----------
    source : ChannelSource
        What was quantized.
    result : ChannelResult
        What came of it.

    Returns
    -------
    image_layer : napari.layers.Image
        As :func:`quantize_layers` returns it.
    labels_layer : napari.layers.Labels
        Likewise; its features table has one row a label, and one column a channel.
    """
    placed = Source(
        name=source.name,
        levels=(),
        rgb=True,
        multiscale=source.multiscale,
        spatial=source.spatial,
        display={},
        origin={},
    )
    return composite_layers(
        placed,
        result.levels[0].palette,
        result.channels,
        [level.image for level in result.levels],
        [level.labels for level in result.levels],
        channels_metadata(source, result),
    )


def composite_layers(
    source: Source,
    palette: Palette,
    channels: Sequence[Channel],
    pictures: Sequence[NDArray[Any]],
    labels: Sequence[NDArray[Any]],
    metadata: dict[str, Any],
) -> tuple[Image, Labels]:
    """Make the two layers that show a palette of channels, a picture and labels.

    Parameters
    ----------
    source : Source
        The name and the place of both; RGB.
    palette : Palette
        The colours, in the channels' own units.
    channels : sequence of Channel
        The channels.
    pictures : sequence of ndarray of uint8
        The picture in RGB, one array a level.
    labels : sequence of ndarray
        Its labels, one array a level.
    metadata : dict
        Of both layers; see :func:`channels_metadata`.

    Returns
    -------
    image_layer : napari.layers.Image
        As :func:`quantize_layers` returns it.
    labels_layer : napari.layers.Labels
        Likewise.
    """
    shown = np.ones((len(palette), 4))
    shown[:, :3] = composite_colors(palette.colors, channels)
    names = [channel.name for channel in channels]
    table = palette_table(palette, shown, rgb=False, names=names)
    image_layer = picture_layer(
        source, pictures, f"{source.name} ({len(palette)} colors)", metadata
    )
    return image_layer, _labels_layer(source, labels, shown, table, metadata)


def _labels_layer(
    source: Source,
    levels: Sequence[NDArray[Any]],
    shown: NDArray[np.float64],
    table: pd.DataFrame,
    metadata: dict[str, Any],
) -> Labels:
    from napari.layers import Labels

    return Labels(
        list(levels) if len(levels) > 1 else levels[0],
        multiscale=len(levels) > 1,
        name=f"{source.name} palette indices",
        colormap=label_colormap(shown),
        features=table,
        metadata=metadata,
        visible=False,
        **source.spatial,
    )


def picture_layer(
    source: Source,
    levels: Sequence[NDArray[Any]],
    name: str,
    metadata: dict[str, Any],
) -> Image:
    """Make an image layer that is placed and shown like its source.

    Parameters
    ----------
    source : Source
        What the picture was made from.
    levels : sequence of ndarray
        The picture, one array a level.
    name : str
        Name of the layer.
    metadata : dict
        Kept under the plugin's name; see :func:`run_metadata`.

    Returns
    -------
    napari.layers.Image
        A new layer.
    """
    from napari.layers import Image

    return Image(
        list(levels) if len(levels) > 1 else levels[0],
        multiscale=len(levels) > 1,
        rgb=source.rgb,
        name=name,
        metadata=metadata,
        **source.display,
        **source.spatial,
    )


def shown_colors(
    palette: Palette, *, rgb: bool, display: Mapping[str, Any] | None = None
) -> NDArray[np.float64]:
    """Return the palette as the viewer shows it.

    Parameters
    ----------
    palette : Palette
        Colours in the image's units.
    rgb : bool
        Whether the channels are red, green and blue, which span the range of the
        palette's units: 0 to 1 for floats.
    display : mapping, optional
        Contrast limits, gamma and colormap of a layer of one channel. Without it the
        palette is shown in grey, its own range from black to white.

    Returns
    -------
    ndarray of float64, shape (K, 4)
        RGBA, 0 to 1.
    """
    opaque = np.ones((len(palette), 1))
    if rgb:
        white = white_value(palette)
        return np.clip(np.hstack([palette.colors / white, opaque]), 0.0, 1.0)
    values = palette.colors.mean(axis=1)
    if display is None:
        low, high = float(values.min()), float(values.max())
        grey = np.clip((values - low) / ((high - low) or 1.0), 0.0, 1.0)
        return np.hstack([np.repeat(grey[:, np.newaxis], 3, axis=1), opaque])
    low, high = display["contrast_limits"]
    level = np.clip((values - low) / (high - low), 0.0, 1.0)
    colormap: Colormap = display["colormap"]
    return np.asarray(colormap.map(level ** display["gamma"]), np.float64)


def white_value(palette: Palette) -> float:
    """Return the value of white in a palette of RGB.

    Parameters
    ----------
    palette : Palette
        The palette.

    Returns
    -------
    float
        That of its units. Where they are not known, the first of 1, 255 and 65535
        that no colour exceeds.
    """
    if palette.units is not None:
        return white_of(palette.units)
    largest = float(palette.colors.max())
    return next((white for white in (1.0, 255.0, 65535.0) if largest <= white), largest)


def label_colormap(
    shown: NDArray[np.float64], rest: NDArray[np.float64] | None = None
) -> DirectLabelColormap:
    """Return the colormap that shows each label in its palette colour.

    Parameters
    ----------
    shown : ndarray of float64, shape (K, 4)
        See :func:`shown_colors`.
    rest : ndarray of float64, shape (4,), optional
        Colour of label 0 and of labels beyond K; transparent by default.

    Returns
    -------
    napari.utils.colormaps.DirectLabelColormap
        Label *i* + 1 has colour *i*.
    """
    from napari.utils.colormaps import DirectLabelColormap

    rest = np.zeros(4) if rest is None else rest
    colors: dict[int | None, NDArray[np.float64]] = {None: rest, 0: rest}
    colors.update(enumerate(shown, 1))
    return DirectLabelColormap(color_dict=colors)


def palette_table(
    palette: Palette,
    shown: NDArray[np.float64],
    *,
    rgb: bool,
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the palette as the features table of its labels.

    Parameters
    ----------
    palette : Palette
        Colours with counts.
    shown : ndarray of float64, shape (K, 4)
        See :func:`shown_colors`.
    rgb : bool
        Whether the channels are red, green and blue.
    names : sequence of str, optional
        One a channel, by default those of :func:`channel_names`.

    Returns
    -------
    pandas.DataFrame
        Columns ``index`` (the label, 1 to K), ``name`` where entries have names,
        ``hex``, one a channel in the image's units, ``pixels`` and ``percent``.
    """
    import pandas as pd

    names = channel_names(palette, rgb=rgb) if names is None else names
    counts = np.zeros(len(palette), int) if palette.counts is None else palette.counts
    table: dict[str, Any] = {
        "index": np.arange(1, len(palette) + 1),
        **({} if palette.names is None else {"name": list(palette.names)}),
        "hex": [hex_of(color) for color in shown],
        **dict(zip(names, palette.colors.T, strict=True)),
        "pixels": counts,
        "percent": 100.0 * counts / max(1, int(counts.sum())),
    }
    return pd.DataFrame(table)


def channel_names(palette: Palette, *, rgb: bool) -> list[str]:
    """Name the channels of a palette.

    Parameters
    ----------
    palette : Palette
        The palette.
    rgb : bool
        Whether they are red, green and blue.

    Returns
    -------
    list of str
        One a channel.
    """
    if rgb:
        return ["red", "green", "blue"]
    if palette.n_channels == 1:
        return ["value"]
    return [f"channel {number}" for number in range(palette.n_channels)]


def run_metadata(source: Source, results: Sequence[Quantization]) -> dict[str, Any]:
    """Return the record of a result: what it takes to know it and to make it again.

    Parameters
    ----------
    source : Source
        What was quantized.
    results : sequence of Quantization
        One a level.

    Returns
    -------
    dict
        One key, ``METADATA_KEY``, with plain data: a mark that the layers of one
        ``run`` share; the source's name (``source``),
        where it came from (``origin``, see
        :func:`~napari_colorquant.viewer.source.origin_of`), the ``shape`` and
        ``dtype`` of its largest level, whether it is ``rgb``, ``multiscale``, was
        ``masked``, and learned from a part (``learn_masked``); the ``parameters``, or
        where there are none the palette that was ``applied``; the ``palette`` as it is
        now, the ``edits`` that led to it, and whether labels were ``painted`` since;
        ``report`` and ``version``.
    """
    largest = source.levels[0]
    return {
        METADATA_KEY: {
            "run": uuid4().hex,
            "source": source.name,
            "origin": source.origin,
            "shape": list(largest.image.shape),
            "dtype": largest.dtype.name,
            "rgb": source.rgb,
            "multiscale": source.multiscale,
            "masked": largest.mask is not None,
            "learn_masked": largest.learn_mask is not None,
            **_made(results[0]),
        }
    }


def channels_metadata(source: ChannelSource, result: ChannelResult) -> dict[str, Any]:
    """Return the record of a result of several layers.

    Parameters
    ----------
    source : ChannelSource
        What was quantized.
    result : ChannelResult
        What came of it.

    Returns
    -------
    dict
        As :func:`run_metadata`, but ``source`` is the layers' names, joined; the
        ``shape`` is that of one channel and the ``dtype`` that of the picture;
        ``scaling`` and, one a layer, ``channels`` say how they were scaled and shown
        (see :meth:`~napari_colorquant.viewer.channels.Channel.as_dict`) and where they
        came from. Palettes are in the channels' own units, errors in scaled ones.
    """
    largest = source.levels[0][0]
    return {
        METADATA_KEY: {
            "run": uuid4().hex,
            "source": source.name,
            "origin": {"path": None, "reader": None, "sample": None},
            "shape": list(largest.shape),
            "dtype": "uint8",
            "rgb": False,
            "multiscale": source.multiscale,
            "masked": largest.mask is not None,
            "learn_masked": largest.learn_mask is not None,
            "scaling": source.scaling,
            "channels": [channel.as_dict() for channel in result.channels],
            **_made(result.levels[0]),
        }
    }


def _made(first: Quantization) -> dict[str, Any]:
    """Return what a record says of how a result was made, and what it is now."""
    parameters, palette = first.report.parameters, first.palette
    return {
        "parameters": parameters and parameters.as_dict(),
        "applied": None if parameters else palette.uncounted().as_dict(),
        "palette": palette.as_dict(),
        "edits": [],
        "painted": False,
        "report": first.report.as_dict(),
        "version": first.report.version,
    }


def hex_of(color: NDArray[np.float64]) -> str:
    """Write a colour as the web does.

    Parameters
    ----------
    color : ndarray of float64, shape (4,)
        RGBA, 0 to 1.

    Returns
    -------
    str
        Such as ``"#b22222"``.
    """
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in color[:3])
