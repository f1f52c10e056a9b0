"""The record of a result, which its layers keep: what made it, and what it is now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from napari_colorquant.core.arrays import is_lazy
from napari_colorquant.core.blocks import Blocks
from napari_colorquant.core.packed import packed_mask
from napari_colorquant.core.pixels import Pixels
from napari_colorquant.files.records import record_of
from napari_colorquant.viewer.channel_source import ChannelSource
from napari_colorquant.viewer.source import Source
from napari_colorquant.viewer.stack import ChannelResult

if TYPE_CHECKING:
    from napari_colorquant.core.pipeline import Quantization
    from napari_colorquant.core.slices import SliceQuantization

METADATA_KEY = "napari-colorquant"


def run_metadata(
    source: Source, results: Sequence[Quantization | SliceQuantization]
) -> dict[str, Any]:
    """Return the record of a result: what it takes to know it and to make it again.

    Parameters
    ----------
    source : Source
        What was quantized.
    results : sequence of Quantization, or of SliceQuantization
        One a level.

    Returns
    -------
    dict
        One key, ``METADATA_KEY``, with plain data: a mark that the layers of one
        ``run`` share; the source's name (``source``),
        where it came from (``origin``, see
        :func:`~napari_colorquant.viewer.layer_parts.origin_of`), the ``shape`` and
        ``dtype`` of its largest level, whether it is ``rgb``, ``multiscale``, ``lazy``,
        was ``masked``, and learned from a part (``learn_masked``), with these masks of
        the largest level (``mask``, ``learn_mask``) where they are small and in memory,
        see :func:`~napari_colorquant.core.packed.packed_mask`; the ``channel_axis``
        and how its ``channels`` are shown, the ``position`` of a slice, the name of
        the region (``within``) and what was passed as white (``data_range``), where
        there are; the ``parameters``, or where
        there are none the palette that was ``applied``; the ``palette`` as it is
        now, whether its counts are estimates (``counts_are_estimates``), the ``edits``
        that led to it, and whether labels were ``painted`` since; ``report`` and
        ``version``; see :func:`~napari_colorquant.files.records.record_of`, also for
        what a result of slices has besides.
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
            "lazy": bool(source.lazy_levels),
            **_where(largest, source),
            **_there(
                channel_axis=source.channel_axis,
                data_range=source.white,
                channels=[one.as_dict() for one in source.channels] or None,
            ),
            **record_of(results[0]),
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
            "lazy": bool(source.lazy_levels),
            **_where(largest, source),
            "scaling": source.scaling,
            "channels": [channel.as_dict() for channel in result.channels],
            **record_of(result.levels[0]),
        }
    }


def _where(pixels: Pixels | Blocks, source: Source | ChannelSource) -> dict[str, Any]:
    """Return what a record says of the part of an image that was quantized."""
    return {
        "masked": pixels.mask is not None,
        "learn_masked": pixels.learn_mask is not None,
        **_there(
            mask=_packed(pixels.mask),
            learn_mask=_packed(pixels.learn_mask),
            position=None if source.position is None else list(source.position),
            within=source.within or None,
        ),
    }


def _packed(mask: Any) -> Any:
    return None if mask is None or is_lazy(mask) else packed_mask(mask)


def _there(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
