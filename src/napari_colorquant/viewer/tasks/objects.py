"""The connected objects of a labels layer of a result, and their layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import Pixels
from napari_colorquant.viewer.layers.layer_properties import has_lazy, spatial_of
from napari_colorquant.viewer.tasks.measure import Measured, take_measured

if TYPE_CHECKING:
    import pandas as pd
    from napari.layers import Labels
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class TakenObjects:
    """Labels whose objects are measured, taken when it starts.

    image: whose channels are averaged, its channels last; None for none.
    """

    measured: Measured
    image: NDArray[Any] | None
    min_pixels: int

    def found(self, monitor: Monitor) -> tuple[NDArray[np.int32], pd.DataFrame]:
        """Return the numbers of the objects, and their table; see measure_objects."""
        from napari_colorquant.core.measure.objects import measure_objects

        one = self.measured
        return measure_objects(
            one.q,
            self.image,
            min_pixels=self.min_pixels,
            scale=one.scale,
            units=one.units,
            by=one.by,
            progress=monitor.pass_on,
        )


def take_objects(
    layer: Labels, source: Any, min_pixels: int, by: str, name: str
) -> TakenObjects:
    """Return what is measured of a labels layer; raise as measure_layer.

    source: the image that was quantized, as the engine sees it; None for none.
    """
    if has_lazy(layer):
        raise ValueError(
            f"{name!r} may be larger than memory, and objects are found in memory: "
            "crop the image and quantize that."
        )
    image = None
    if isinstance(source, Pixels) and source.shape == layer.data.shape:
        image = source.colors
    return TakenObjects(take_measured(layer, by=by, name=name), image, min_pixels)


def objects_layer(
    labels: Labels, name: str, objects: NDArray[np.int32], table: pd.DataFrame
) -> Labels:
    """Return the layer of objects, whose features are their table, in labels' place."""
    from napari.layers import Labels

    return Labels(
        objects,
        name=f"{name} objects",
        features=table.assign(index=table["label"]),  # by which napari finds a label
        **spatial_of(labels, labels.ndim),
    )
