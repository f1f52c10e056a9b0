"""What is passed as an array: in memory or lazy, an image or a mask that fits it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


_UNMASKED = {
    "image": "pass its data, and mask=~array.mask for the pixels to quantize.",
    "seeds": "pass its data, filled with 0 where nothing was painted.",
}


def named(what: str) -> str:
    """Return the beginning of a sentence about an array.

    Parameters
    ----------
    what : str
        What it is called, such as ``"image"`` or ``"seeds"``.

    Returns
    -------
    str
        Such as ``"the image is"`` or ``"the seeds are"``.
    """
    return f"the {what} {'are' if what.endswith('s') else 'is'}"


def is_lazy(array: object) -> bool:
    """Tell whether an array is not in memory, but read or computed block by block.

    Parameters
    ----------
    array : object
        What was passed as an array.

    Returns
    -------
    bool
        True for arrays of dask, zarr and what else has chunks.
    """
    return hasattr(array, "dask") or (
        getattr(array, "chunks", None) is not None
        and not hasattr(array, "__array_interface__")
    )


def see_array(array: ArrayLike, what: str) -> NDArray[Any]:
    """Check that an array is in memory.

    Parameters
    ----------
    array : array_like
        What was passed.
    what : str
        What it is called, such as ``"image"``.

    Returns
    -------
    ndarray
        The same.

    Raises
    ------
    TypeError
        If it is lazy or masked.
    ValueError
        If it has no one shape.
    """
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
    """Check that a mask is in memory, and fits.

    Parameters
    ----------
    mask : array_like of bool
        What was passed.
    what : str
        What it is called, such as ``"mask"``.
    shape : tuple of int
        Shape of the image without its channel axis.

    Returns
    -------
    ndarray of bool
        The same.

    Raises
    ------
    TypeError
        If it is lazy or masked, or holds no booleans or integers.
    ValueError
        If it has another shape, or integers other than 0 and 1.
    """
    array = see_array(mask, what)
    check_mask(array, what, shape)
    return as_flags(array, what)


def check_mask(mask: Any, what: str, shape: tuple[int, ...]) -> None:
    """Refuse a mask that does not fit; nothing of it is computed.

    Parameters
    ----------
    mask : ndarray or dask.array.Array
        The mask.
    what : str
        What it is called, such as ``"mask"``.
    shape : tuple of int
        Shape of the image without its channel axis.

    Raises
    ------
    TypeError
        If it holds no booleans or integers.
    ValueError
        If it has another shape. What integers it holds is seen by :func:`as_flags`.
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

    Parameters
    ----------
    mask : ndarray of bool or int
        The mask.
    what : str
        What it is called, such as ``"mask"``.

    Returns
    -------
    ndarray of bool
        The same.

    Raises
    ------
    ValueError
        If it holds other integers than 0 and 1: labels, say, of which nobody knows
        which ones are meant.
    """
    if mask.dtype.kind != "b" and mask.size and not 0 <= mask.min() <= mask.max() <= 1:
        other = mask[(mask != 0) & (mask != 1)].flat[0]
        raise ValueError(
            f"the {what} has the value {other}: pass booleans, such as {what} > 0."
        )
    return mask.astype(bool, copy=False)
