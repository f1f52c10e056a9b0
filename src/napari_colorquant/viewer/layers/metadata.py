"""The record that the layers of a result keep: how it was made, and what it is."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zlib import compress

import numpy as np

from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.files.record import check_record, record_of
from napari_colorquant.viewer.layers.channels import LayerChannel
from napari_colorquant.viewer.layers.image_input import ImageInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.quantization.result import (
        Quantization,
        SliceQuantization,
    )


LONGEST = 2**17
"""Characters of a mask that is kept: regions that were drawn have some hundreds, noise
of a megapixel has more."""
_MOST_PIXELS = 2**28
"""Pixels that are packed in less than a second."""


def record_in(metadata: Mapping[str, Any], name: object, if_none: str) -> Any:
    """Return the record of a layer's metadata; ValueError if it is damaged, or none.

    name: of the layer; if_none: what is said where there is no palette.
    """
    record = metadata.get(METADATA_KEY)
    if not isinstance(record, Mapping) or "palette" not in record:
        raise ValueError(if_none)
    try:
        check_record(record)
    except ValueError as error:
        raise ValueError(f"of the record of {name!r}, {error}") from error
    return record


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


METADATA_KEY = "napari-colorquant"


def run_metadata(
    image: ImageInput,
    channels: Sequence[LayerChannel],
    result: Quantization | SliceQuantization,
) -> dict[str, Any]:
    """Return the record of a result: plain data under the one key METADATA_KEY.

    run: shared by the layers of one run; shape, dtype: of the largest level, of several
    layers the shape of one and the picture's dtype; mask, learn_mask: of it, only if
    small and in memory. `record_of` adds the rest.
    """
    largest, is_together = image.largest, image.is_together
    return {
        METADATA_KEY: {
            "run": uuid4().hex,
            "source": image.name,
            "origin": image.origin,
            "shape": list(largest.shape if is_together else largest.image.shape),
            "dtype": "uint8" if is_together else largest.dtype.name,
            "rgb": image.rgb,
            "multiscale": image.multiscale,
            "lazy": image.is_lazy,
            **_where(largest, image),
            **_there(
                scaling=image.scaling or None,
                channel_axis=image.channel_axis,
                data_range=largest.outline.white,
                channels=[channel.as_dict() for channel in channels] or None,
            ),
            **record_of(result),
        }
    }


def _where(pixels: Image, source: ImageInput) -> dict[str, Any]:
    """Return what a record says of the quantized part of an image."""
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
