"""What is passed as an array: in memory or lazy, an image or a mask that fits it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


_UNMASKED = {
    "image": "pass its data, and mask=~array.mask for the pixels to quantize.",
    "seeds": "pass its data, filled with 0 where nothing was painted.",
    "regions": "pass its data, filled with 0 outside.",
    "regions of stains": "pass its data, filled with 0 where nothing was painted.",
}


def named(what: str) -> str:
    """Return words such as ``"the image is"`` or ``"the seeds are"``."""
    return f"the {what} {'are' if what.endswith('s') else 'is'}"


def is_lazy(array: object) -> bool:
    """Return whether an array is read or computed block by block.

    Arrays of dask and zarr are, and all others that have chunks.
    """
    return hasattr(array, "dask") or (
        getattr(array, "chunks", None) is not None
        and not hasattr(array, "__array_interface__")
    )


def is_layer(value: Any) -> bool:
    """Return whether a value is a layer of napari, which is not imported for it."""
    return hasattr(value, "as_layer_data_tuple")


def see_array(array: ArrayLike, what: str) -> NDArray[Any]:
    """Return an array as one of numpy, or raise if it is not in memory.

    Raise TypeError if it is a layer, lazy, masked or not readable by numpy, ValueError
    if it has no one shape. what: its name, such as ``"image"``.
    """
    if is_layer(array):
        other = "measure_layer" if what == "regions" else "quantize_layer"
        raise TypeError(
            f"{named(what)} a layer of napari: pass its data, or call `{other}`, which "
            "takes layers."
        )
    if is_lazy(array):
        raise TypeError(
            f"{named(what)} a lazy {type(array).__name__}: load it into memory first, "
            "with numpy.asarray."
        )
    if isinstance(array, np.ma.MaskedArray):
        instead = _UNMASKED.get(what, "pass booleans, True inside.")
        raise TypeError(f"{named(what)} a masked array: {instead}")
    try:
        return np.asarray(array)
    except ValueError:
        raise ValueError(
            f"{named(what)} not an array of one shape: pass rows of one length."
        ) from None
    except (TypeError, RuntimeError) as error:  # on a graphics card, or sparse
        raise TypeError(
            f"{named(what)} a {type(array).__name__}, which numpy cannot read: convert "
            "it to an array of numpy first."
        ) from error


def see_mask(mask: ArrayLike, what: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return a mask in memory as booleans, or raise as see_array if it is not.

    shape: of the image without its channel axis. Raise also for another shape, and for
    values other than booleans or the integers 0 and 1.
    """
    array = see_array(mask, what)
    check_mask(array, what, shape)
    return as_flags(array, what)


def check_mask(mask: Any, what: str, shape: tuple[int, ...]) -> None:
    """Raise if a mask, lazy or not, has a wrong dtype or shape; compute nothing.

    shape: of the image without its channel axis. as_flags checks what integers it
    holds.
    """
    if mask.dtype.kind not in "biu":
        raise TypeError(
            f"the {what} has the dtype {mask.dtype}: pass booleans, True inside."
        )
    if mask.shape != shape:
        raise ValueError(
            f"the {what} has the shape {mask.shape}: pass the shape of the image "
            f"without its channels, {shape}."
        )


def as_flags(mask: NDArray[Any], what: str) -> NDArray[np.bool_]:
    """Return a mask, or a block of one, as booleans.

    Raise ValueError for integers other than 0 and 1: they may be labels, and nobody
    knows which of these are meant.
    """
    if mask.dtype.kind != "b" and mask.size and not 0 <= mask.min() <= mask.max() <= 1:
        other = mask[(mask != 0) & (mask != 1)].flat[0]
        raise ValueError(
            f"the {what} has the value {other}: pass booleans, such as {what} > 0."
        )
    return mask.astype(bool, copy=False)
