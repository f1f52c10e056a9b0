"""The two layers of the live result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_colorquant.viewer.layers.layer_properties import spatial_of
from napari_colorquant.viewer.layers.ownership import LIVE, add_pair, call_together

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image, Labels

_DISPLAY = ("colormap", "contrast_limits_range", "contrast_limits", "gamma")


class LiveLayers:
    """The two layers of the live result, updated in place in a viewer."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._layers: tuple[Image, Labels] | None = None
        self._names: list[str] = []

    def owns(self, layer: object) -> bool:
        """Return whether a layer shows the live result; False for full results."""
        return any(layer is own for own in self._layers or ())

    @property
    def layers(self) -> tuple[Image, Labels] | None:
        """The layers, as long as the user has removed neither."""
        if self._layers is not None and all(
            layer in self._viewer.layers for layer in self._layers
        ):
            return self._layers
        return None

    def put(self, new: tuple[Image, Labels], *, is_final: bool) -> tuple[Image, Labels]:
        """Show new layers, in the last live ones if they fit; return what is shown.

        Final layers are a result like any other; the next live result gets new ones.
        """
        if not is_final:
            for layer in new:
                layer.name += LIVE
        own = self.layers
        if own is not None and all(map(_fits, own, new)):
            for layer, other in zip(own, new, strict=True):
                _update(layer, other)
            pairs = zip(own, new, self._names, strict=True)
            # Or the user has given it a name.
            ours = {a: b.name for a, b, name in pairs if a.name == name}
            call_together(list(ours), list(ours.values()))
            self._names = [layer.name if layer in ours else "" for layer in own]
        else:
            for layer in reversed(own or ()):
                self._viewer.layers.remove(layer)
            own = self._layers = new
            add_pair(self._viewer, new)
            self._names = [layer.name for layer in new]
        self._layers = None if is_final else own
        return own


def _fits(layer: Image | Labels, other: Image | Labels) -> bool:
    return (
        getattr(layer, "rgb", False) == getattr(other, "rgb", False)
        and layer.ndim == other.ndim
        and not layer.multiscale
        and not other.multiscale
    )


def _update(layer: Any, other: Any) -> None:
    """Show the content of another layer in a layer of the plugin."""
    layer.data = other.data
    for place, value in spatial_of(other, other.ndim).items():
        setattr(layer, place, value)
    if hasattr(other, "features"):
        layer.colormap = other.colormap
        layer.features = other.features
    else:  # also of RGB, as white is 255 in one picture and 1 in another
        for display in _DISPLAY:
            setattr(layer, display, getattr(other, display))
    layer.metadata = other.metadata
