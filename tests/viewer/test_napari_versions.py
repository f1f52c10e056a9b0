"""The same is asked of every supported version of napari."""

from types import SimpleNamespace

from napari_colorquant.viewer.napari_versions import (
    camera_of,
    canvas_size_of,
    grid_of,
)


class Proxy(SimpleNamespace):
    """Keeps what is private to itself, as the viewer that napari hands to plugins."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)


def test_this_napari_has_a_grid_a_camera_and_a_size(viewer_model):
    grid_of(viewer_model).enabled = True
    camera_of(viewer_model).zoom = 3.0
    assert grid_of(viewer_model).enabled
    assert camera_of(viewer_model).zoom == 3.0
    assert canvas_size_of(viewer_model) == (800, 600)


def test_before_0_9_they_were_the_viewers_own():
    viewer = SimpleNamespace(grid="grid", camera="camera", _canvas_size=(500, 700))
    proxy = Proxy(__wrapped__=viewer)
    for one in (viewer, proxy):
        assert (grid_of(one), camera_of(one)) == ("grid", "camera")
        assert canvas_size_of(one) == (500, 700)
    assert not hasattr(proxy, "_canvas_size")
