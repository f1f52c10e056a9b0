"""Regions, classes and slices that are chosen in the widget, by clicks."""

from __future__ import annotations

from threading import current_thread, main_thread

import dask.array
import numpy as np
import pytest
from napari.layers import Image, Labels, Shapes
from qtpy.QtCore import Qt

from napari_colorquant import (
    Lock,
    Merge,
    Palette,
    apply_palette,
    edit,
    quantize,
    quantize_layer,
    quantize_layers,
    quantize_slices,
)
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.core.quantization.curve import curve_of
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.layers.rasterize import lies_outside
from napari_colorquant.viewer.layers.region_masks import Region

SQUARE = [[10, 10], [10, 30], [30, 30], [30, 10]]
OTHER = [[20, 20], [20, 60], [40, 60], [40, 20]]


@pytest.fixture
def small(china):
    return china[::8, ::8].copy()


@pytest.fixture
def widget(viewer_model, open_alone, small, unfold):
    """The widget with its fold open, on a picture and three layers with regions."""
    picture = viewer_model.add_image(small, name="china", rgb=True)
    viewer_model.add_shapes([SQUARE], name="square")
    viewer_model.add_shapes([OTHER], name="other")
    painted = np.zeros(small.shape[:2], int)
    painted[:5, :8], painted[45:50, 60:70] = 1, 7
    viewer_model.add_labels(painted, name="painted")
    widget = open_alone()
    viewer_model.layers.selection.active = picture
    unfold(widget)
    widget.form.n_colors.value = 6
    return widget


@pytest.fixture
def run(click, finish):
    def run_it(widget, button=None):
        click(widget.quantize_button if button is None else button)
        finish(widget)

    return run_it


def inside(shape, corners):
    mask = np.zeros(shape[:2], bool)
    (top, left), _, (bottom, right), _ = corners
    mask[top : bottom + 1, left : right + 1] = True
    return mask


def made(viewer_model, n=2):
    return viewer_model.layers[-n:]


def test_everything_is_off_at_first(widget):
    scope = widget.session.target.target(widget.session.viewer.dims)
    assert scope.layers == (widget.form.layer.value,)
    assert (scope.channel_axis, scope.position, scope.slice_axis) == (None,) * 3
    assert (scope.within, scope.learn_within, scope.seeds) == (None,) * 3
    # A picture in color has no slices and no axis of channels.
    shown = [box for box in widget.target.controls if box.native.isVisible()]
    assert [box.label for box in shown] == ["Learn in", "Apply in", "Classes"]


def test_regions_limit_where_is_learned_and_where_is_applied(
    widget, viewer_model, small, run
):
    layers = viewer_model.layers
    widget.target.learn_within.value = layers["square"]
    widget.target.within.value = layers["other"]
    run(widget)
    picture, labels = made(viewer_model)
    mask, learn_mask = inside(small.shape, OTHER), inside(small.shape, SQUARE)
    expected = quantize(small, 6, mask=mask, learn_mask=learn_mask)
    np.testing.assert_array_equal(labels.data, expected.labels)
    np.testing.assert_array_equal(picture.data, expected.image)
    assert ((labels.data > 0) == mask).all()


def test_the_labels_of_a_result_are_a_region_too(widget, viewer_model, small, run):
    run(widget)
    indices = viewer_model.layers["china (6 colors) labels"]
    assert indices in widget.target.within.choices
    widget.target.within.value = viewer_model.layers["square"]
    run(widget)
    part = viewer_model.layers["china (6 colors) labels [1]"]
    widget.target.within.value = part
    widget.form.n_colors.value = 3
    run(widget)
    mask = inside(small.shape, SQUARE)
    expected = quantize(small, 3, mask=mask).labels
    np.testing.assert_array_equal(made(viewer_model)[1].data, expected)


@pytest.mark.parametrize("per_class", [1, 2])
def test_painted_classes_get_entries(widget, viewer_model, small, run, per_class):
    painted = viewer_model.layers["painted"]
    assert not widget.target.per_class.native.isVisible()
    widget.target.seeds.value = painted
    assert widget.target.per_class.native.isVisible()
    widget.target.per_class.value = per_class
    run(widget)
    labels = made(viewer_model)[1]
    expected = quantize(small, 6, seeds=painted.data, per_class=per_class)
    np.testing.assert_array_equal(labels.data, expected.labels)
    names = list(labels.features["name"])
    assert (
        sorted(filter(None, names)) == ["class 1"] * per_class + ["class 7"] * per_class
    )


def test_a_region_that_goes_is_not_chosen_any_more(widget, viewer_model):
    square, scope = viewer_model.layers["square"], widget.target
    scope.within.value = scope.seeds.value = square
    square.name = "other name"
    assert (scope.within.value, scope.seeds.value) == (square, square)
    assert scope.within.current_choice == "other name"
    viewer_model.layers.remove(square)
    assert (scope.within.value, scope.seeds.value) == (None, None)
    assert not scope.per_class.native.isVisible()


def test_the_line_tells_the_region_of_a_result(widget, viewer_model, run):
    widget.target.within.value = viewer_model.layers["square"]
    run(widget)
    assert widget.result.value.startswith("china within square: ")
    metadata = made(viewer_model)[0].metadata["napari-colorquant"]
    assert metadata["within"] == "square"
    widget.target.within.value = None
    assert widget.result.value.startswith("china within square: ")  # as it is shown
    run(widget)
    assert widget.result.value.startswith("china: ")
    viewer_model.layers.selection.active = viewer_model.layers["china (6 colors)"]
    assert widget.result.value.startswith("china within square: ")


def test_regions_outside_of_the_next_image_are_dropped(widget, viewer_model, small):
    scope, layers = widget.target, viewer_model.layers
    scope.within.value, scope.seeds.value = layers["square"], layers["painted"]
    scope.learn_within.value = layers["other"]
    viewer_model.add_image(small, name="beside", rgb=True, translate=(0, 5))
    assert scope.within.value is layers["square"]  # both lie on it
    viewer_model.add_image(small, name="far", rgb=True, translate=(0, 1000))
    assert [box.value for box in (scope.within, scope.learn_within)] == [None, None]
    assert scope.seeds.value is None
    assert "'square' lies outside 'far': Apply in is 'Everywhere' again." in (
        widget.result.value
    )
    assert "'painted' lies outside 'far': Classes is 'None' again." in (
        widget.result.value
    )
    layers.selection.active = layers["china"]
    assert "lies outside" not in widget.result.value


@pytest.mark.parametrize(
    ("region", "is_outside"),
    [
        ({"data": [SQUARE]}, False),
        ({"data": []}, False),
        ({"data": [SQUARE], "translate": (9, 1000)}, True),
        ({"data": [SQUARE], "translate": (-2000, 9)}, True),
        ({"data": [SQUARE], "translate": (-2000, 9), "scale": (100, 1)}, False),
        ({"data": [SQUARE], "scale": (0.5, 0.5), "units": ("mm", "mm")}, True),
        ({"data": [SQUARE], "scale": (0.5, 0.5), "units": ("um", "um")}, False),
        ({"data": [np.insert(SQUARE, 0, 3, axis=1)]}, True),  # of more axes
    ],
)
def test_where_a_region_lies(small, region, is_outside):
    image = Image(small, rgb=True, scale=(0.5, 0.5), units=("um", "um"))
    assert lies_outside(Shapes(**region), image) is is_outside


def test_a_layer_of_any_name_is_a_region_of_its_own(widget, viewer_model):
    layer = viewer_model.add_labels(np.ones((3, 3), int), name="Everywhere")
    assert widget.target.within.value is None
    widget.target.within.value = layer
    assert widget.target.within.value is layer


@pytest.mark.parametrize(
    ("choose", "sentence"),
    [
        (
            {"within": "far"},
            "The region 'far' covers no pixel of 'china': choose one that lies on it.",
        ),
        (
            {"learn_within": "far"},
            "The region 'far' covers no pixel of 'china': there is nothing to learn "
            "from.",
        ),
        (
            {"within": "square", "learn_within": "corner"},
            "The region 'corner' covers no pixel of 'china' in 'square': there is "
            "nothing to learn from.",
        ),
        (
            {"seeds": "far"},
            "Nothing is painted in 'far' where 'china' lies: paint some pixels of each "
            "class.",
        ),
        (
            {"seeds": "corner", "within": "square"},
            "The classes of 'corner' lie outside of 'square': paint them inside.",
        ),
        (
            {"within": "line"},
            "The region 'line' has a shape of the type 'line', which surrounds "
            "nothing: draw polygons, rectangles or ellipses.",
        ),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_added(
    widget, viewer_model, click, finish, notifications, choose, sentence
):
    viewer_model.add_shapes([np.add(SQUARE, 1000)], name="far")
    viewer_model.add_shapes([[[0, 0], [0, 5], [5, 5], [5, 0]]], name="corner")
    viewer_model.add_shapes([[[0, 0], [0, 5]]], shape_type="line", name="line")
    for control, name in choose.items():
        getattr(widget.target, control).value = viewer_model.layers[name]
    n_layers = len(viewer_model.layers)
    click(widget.quantize_button)
    finish(widget)
    assert notifications == [("error", sentence)]
    assert widget.quantize_button.enabled
    assert len(viewer_model.layers) == n_layers


def test_regions_are_computed_in_the_run_s_thread(
    widget, viewer_model, run, monkeypatch
):
    threads = []
    masks = Region.masks

    def watched(region):
        threads.append(current_thread())
        return masks(region)

    monkeypatch.setattr(Region, "masks", watched)
    widget.target.within.value = viewer_model.layers["square"]
    widget.target.learn_within.value = viewer_model.layers["other"]
    run(widget, widget.quantize_button)
    assert len(threads) == 2
    assert main_thread() not in threads


def test_a_palette_is_applied_inside_a_region(widget, viewer_model, small, run):
    widget.session.opening.offer_palette(Palette([[0, 0, 0], [255, 255, 255]]), "two")
    widget.target.within.value = viewer_model.layers["square"]
    widget.target.learn_within.value = viewer_model.layers["other"]  # says nothing
    widget.target.seeds.value = viewer_model.layers["painted"]  # neither
    run(widget, widget.palette_tab.apply)
    mask = inside(small.shape, SQUARE)
    expected = apply_palette(small, Palette([[0, 0, 0], [255, 255, 255]]), mask=mask)
    labels = made(viewer_model)[1]
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert not labels.metadata[METADATA_KEY]["learn_masked"]


def test_how_many_colors_inside_a_region(widget, viewer_model, small, run):
    widget.target.learn_within.value = viewer_model.layers["square"]
    widget.target.seeds.value = viewer_model.layers["square"]
    run(widget, widget.curve_tab.button)
    mask = inside(small.shape, SQUARE)
    fixed = quantize(small, 6, learn_mask=mask, seeds=mask.astype(int))
    parameters = Parameters(
        n_colors=6, fixed=Palette(**_fixed(fixed.report.parameters.fixed))
    )
    pixels = see_pixels(small, learn_mask=mask)
    expected = curve_of(pixels, parameters, print, Monitor())
    assert widget.result.value.startswith(f"china: {expected.elbow} colors are")


def _fixed(palette):
    return {"colors": palette.colors, "names": palette.names}


def test_methods_are_compared_inside_a_region_and_with_classes(
    widget, viewer_model, small, run
):
    widget.target.within.value = viewer_model.layers["square"]
    mask = inside(small.shape, SQUARE)
    painted = np.zeros(small.shape[:2], int)
    painted[12:20, 12:20] = 3
    viewer_model.layers["painted"].data = painted
    widget.target.seeds.value = viewer_model.layers["painted"]
    run(widget, widget.quality_tab.compare)
    pictures = made(viewer_model, 4)[::-1]
    np.testing.assert_array_equal(pictures[0].data, small)
    for picture, method in zip(pictures[1:], ("kmeans", "wu", "random"), strict=True):
        expected = quantize(small, 6, method=method, mask=mask, seeds=painted)
        np.testing.assert_array_equal(picture.data, expected.image)


def test_live_results_follow_the_region(widget, viewer_model, small, click, qtbot):
    click(widget.form.live)
    qtbot.waitUntil(lambda: len(viewer_model.layers) == 6, timeout=60_000)
    labels = viewer_model.layers[-1]
    assert labels.data.all()
    assert labels not in widget.target.within.choices  # the live one
    widget.target.within.value = viewer_model.layers["square"]
    mask = inside(small.shape, SQUARE)
    qtbot.waitUntil(lambda: ((labels.data > 0) == mask).all(), timeout=60_000)
    expected = quantize(small, 6, mask=mask)
    np.testing.assert_array_equal(labels.data, expected.labels)
    widget.target.within.value = None
    qtbot.waitUntil(lambda: bool(labels.data.all()), timeout=60_000)


def test_a_live_result_of_a_large_image_has_the_classes_of_the_image(
    widget, viewer_model, click, qtbot
):
    values = np.random.default_rng(0).integers(0, 250, (1100, 1100), np.uint8)
    layer = viewer_model.add_image(values, name="large")
    viewer_model.layers.selection.active = layer
    painted = viewer_model.layers["painted"]
    painted.data = np.zeros(values.shape, int)
    painted.data[501, 501] = 4  # between the pixels of the coarser view
    widget.target.seeds.value = painted
    n_layers = len(viewer_model.layers)
    click(widget.form.live)
    qtbot.waitUntil(lambda: len(viewer_model.layers) == n_layers + 2, timeout=60_000)
    labels = viewer_model.layers[-1]
    assert labels.data.shape == (550, 550)
    table = labels.features.set_index("name")
    assert table.loc["class 4", "value"] == values[501, 501]


@pytest.mark.parametrize("is_lazy", [False, True])
@pytest.mark.parametrize("scaling", ["contrast_limits", "zscore"])
def test_a_live_result_of_large_layers_together_has_the_classes_of_the_layers(
    widget, viewer_model, click, qtbot, is_lazy, scaling
):
    random = np.random.default_rng(0)
    values = [random.integers(0, 250, (1100, 1100), np.uint8) for _ in range(2)]
    layers = [
        viewer_model.add_image(
            dask.array.from_array(one, chunks=500) if is_lazy else one,
            name=name,
            contrast_limits=(0, 249),
        )
        for name, one in zip(("one", "two"), values, strict=True)
    ]
    viewer_model.layers.selection = set(layers)
    qtbot.waitUntil(lambda: len(widget.session.target.now.channels) == 2)
    painted = viewer_model.layers["painted"]
    painted.data = np.zeros(values[0].shape, int)
    painted.data[501, 501] = 4  # between the pixels of the coarser view
    widget.target.scaling.value = scaling
    widget.target.seeds.value = painted
    n_layers = len(viewer_model.layers)
    click(widget.form.live)
    qtbot.waitUntil(lambda: len(viewer_model.layers) == n_layers + 2, timeout=60_000)
    labels = viewer_model.layers[-1]
    assert labels.data.shape == (550, 550)
    row = labels.features.set_index("name").loc["class 4", ["one", "two"]]
    own = [one[501, 501] for one in values]
    np.testing.assert_allclose(
        row.astype(float), own, atol=0 if scaling[0] == "c" else 1e-4
    )


@pytest.mark.parametrize("is_pyramid", [False, True])
def test_classes_are_painted_on_lazy_images(
    widget, viewer_model, small, run, notifications, is_pyramid
):
    levels = [dask.array.from_array(small[::i, ::i], chunks=17) for i in (1, 2)]
    layer = viewer_model.add_image(
        levels if is_pyramid else levels[0], rgb=True, multiscale=is_pyramid
    )
    viewer_model.layers.selection.active = layer
    painted = viewer_model.layers["painted"]
    widget.target.seeds.value = painted
    run(widget, widget.quantize_button)
    labels = made(viewer_model)[1]
    expected = quantize(small, 6, seeds=painted.data)
    first = labels.data[0] if is_pyramid else labels.data
    assert isinstance(first, dask.array.Array)
    np.testing.assert_array_equal(first.compute(), expected.labels)
    assert set(labels.features["name"]) == {"", "class 1", "class 7"}
    assert notifications == []


# ------------------------------------------------------------ slices


@pytest.fixture
def movie():
    steps = np.linspace(1, 0.5, 4)[:, np.newaxis, np.newaxis]
    noise = np.random.default_rng(0).integers(0, 255, (12, 14))
    return (steps * noise).astype(np.uint8)


@pytest.fixture
def movie_widget(viewer_model, open_alone, movie, unfold):
    viewer_model.add_image(
        movie,
        name="movie",
        axis_labels=("t", "y", "x"),
        scale=(3, 0.5, 0.5),
        translate=(100, 10, 20),
    )
    widget = open_alone()
    unfold(widget)
    widget.form.n_colors.value = 5
    return widget


def choose(box, text):
    """Choose an item by what it says, as a user does."""
    place = box.native.findText(text)
    assert place >= 0, [box.native.itemText(i) for i in range(box.native.count())]
    box.native.setCurrentIndex(place)


def test_a_stack_has_slices(movie_widget):
    shown = [box for box in movie_widget.target.controls if box.native.isVisible()]
    assert [box.label for box in shown] == [
        "Channel axis",
        "Slices",
        "Learn in",
        "Apply in",
        "Classes",
    ]
    box = movie_widget.target.slices.native
    assert [box.itemText(i) for i in range(box.count())] == [
        "Share one palette",
        "Current one alone",
        "One palette each: t",
        "One palette each: y",
        "One palette each: x",
    ]


def test_classes_that_are_left_out_are_not_counted(movie_widget, viewer_model):
    scope, shape = movie_widget.target, viewer_model.layers["movie"].data.shape
    scope.seeds.value = viewer_model.add_labels(np.ones(shape, int), name="classes")
    assert movie_widget.session.target.now.n_set == 1
    choose(scope.slices, "One palette each: t")
    assert not scope.seeds.enabled
    assert movie_widget.session.target.now.n_set == 1


def test_each_slice_has_a_palette_of_its_own(movie_widget, viewer_model, run):
    choose(movie_widget.target.slices, "One palette each: t")
    assert not movie_widget.target.seeds.enabled
    run(movie_widget)
    _, labels = made(viewer_model)
    _, expected = quantize_layer(viewer_model.layers["movie"], 5, slice_axis=0)
    np.testing.assert_array_equal(labels.data, expected.data)
    record = labels.metadata[METADATA_KEY]
    assert record["palettes"] == expected.metadata[METADATA_KEY]["palettes"]


@pytest.mark.parametrize("is_pyramid", [False, True])
def test_each_slice_of_a_lazy_movie_has_a_palette_of_its_own(
    movie_widget, viewer_model, movie, run, is_pyramid, notifications
):
    lazily = dask.array.from_array(movie, chunks=(1, 6, 14))
    viewer_model.add_image(
        [lazily, lazily[:, ::2, ::2]] if is_pyramid else lazily,
        name="slide",
        multiscale=is_pyramid,
        contrast_limits=(0, 255),
    )
    choose(movie_widget.target.slices, "One palette each: axis -3")
    run(movie_widget)
    picture, labels = made(viewer_model)
    expected = quantize_slices(movie, 5, channel_axis=None)
    for layer, whole in ((picture, expected.image), (labels, expected.labels)):
        assert layer.multiscale == is_pyramid
        levels = layer.data if is_pyramid else [layer.data]
        for level, step in zip(levels, (1, 2), strict=False):
            assert isinstance(level, dask.array.Array)
            np.testing.assert_array_equal(level.compute(), whole[:, ::step, ::step])
    assert notifications == []


def test_the_current_slice_lies_where_it_lay(
    movie_widget, viewer_model, movie, run, click, notifications
):
    choose(movie_widget.target.slices, "Current one alone")
    viewer_model.dims.set_point(0, 106)  # the third: 100, 103, 106, 109
    run(movie_widget)
    picture, labels = made(viewer_model)
    expected = quantize(movie[2], 5, channel_axis=None)
    np.testing.assert_array_equal(labels.data, expected.labels[np.newaxis])
    np.testing.assert_array_equal(picture.data, expected.image[np.newaxis])
    for layer in (picture, labels):
        np.testing.assert_array_equal(layer.scale, (3, 0.5, 0.5))
        np.testing.assert_array_equal(layer.translate, (106, 10, 20))
        assert layer.axis_labels == ("t", "y", "x")
    assert labels.metadata[METADATA_KEY]["position"] == [2, None, None]
    # It is judged by the slice that it was made from.
    run(movie_widget, movie_widget.quality_tab.measure)
    assert notifications == []

    # The next one has a result of its own.
    viewer_model.dims.set_point(0, 103)
    run(movie_widget)
    expected = quantize(movie[1], 5, channel_axis=None)
    np.testing.assert_array_equal(made(viewer_model)[1].data[0], expected.labels)


def test_the_current_slice_is_that_of_the_order_of_axes(
    movie_widget, viewer_model, movie, run
):
    choose(movie_widget.target.slices, "Current one alone")
    viewer_model.dims.order = (2, 0, 1)
    viewer_model.dims.set_point(2, 22)  # 20 + 4 / 2
    run(movie_widget)
    _, labels = made(viewer_model)
    expected = quantize(movie[:, :, 4], 5, channel_axis=None).labels
    np.testing.assert_array_equal(labels.data[:, :, 0], expected)
    np.testing.assert_array_equal(labels.translate, (100, 10, 22))


def test_no_slice_is_no_slice(movie_widget, viewer_model, click, notifications):
    choose(movie_widget.target.slices, "Current one alone")
    viewer_model.dims.ndisplay = 3
    click(movie_widget.quantize_button)
    viewer_model.dims.ndisplay = 2
    viewer_model.add_image(np.zeros((9, 4, 4)), name="longer", scale=(20, 1, 1))
    viewer_model.layers.selection.active = viewer_model.layers["movie"]
    choose(movie_widget.target.slices, "Current one alone")
    viewer_model.dims.set_point(0, 20)
    click(movie_widget.quantize_button)
    assert notifications == [
        (
            "error",
            "The viewer shows all slices of 'movie' at once: leave its 3D view to "
            "choose one, or let all share one palette.",
        ),
        ("error", "The viewer shows no slice of 'movie': move its sliders to one."),
    ]


def test_regions_and_classes_of_the_current_slice(
    movie_widget, viewer_model, movie, run
):
    region = np.zeros(movie.shape, int)
    region[2, 3:9, 2:8] = 1
    where = {"scale": (3, 0.5, 0.5), "translate": (100, 10, 20)}
    viewer_model.add_labels(region, name="cells", **where)
    viewer_model.layers.selection.active = viewer_model.layers["movie"]
    choose(movie_widget.target.slices, "Current one alone")
    movie_widget.target.within.value = viewer_model.layers["cells"]
    movie_widget.target.seeds.value = viewer_model.layers["cells"]
    viewer_model.dims.set_point(0, 106)
    run(movie_widget)
    _, labels = made(viewer_model)
    expected = quantize(
        movie[2], 5, channel_axis=None, mask=region[2] > 0, seeds=region[2]
    )
    np.testing.assert_array_equal(labels.data[0], expected.labels)


def test_the_current_slice_of_channels(viewer_model, open_alone, unfold, run):
    random = np.random.default_rng(0)
    layers = [
        viewer_model.add_image(random.integers(0, 4096, (3, 8, 9), np.uint16), name=n)
        for n in "ab"
    ]
    widget = open_alone()
    unfold(widget)
    viewer_model.layers.selection = set(layers)
    box = widget.target.slices.native
    assert [box.itemText(i) for i in range(box.count())] == [
        "Share one palette",
        "Current one alone",
    ]
    choose(widget.target.slices, "Current one alone")
    viewer_model.dims.set_point(0, 2)
    widget.form.n_colors.value = 4
    run(widget)
    _, labels = made(viewer_model)
    of_slice = [
        Image(layer.data[2], name=layer.name, contrast_limits=layer.contrast_limits)
        for layer in layers
    ]
    _, expected = quantize_layers(of_slice, 4)
    np.testing.assert_array_equal(labels.data[0], expected.data)
    assert labels.features.equals(expected.features)


def test_the_jobs_that_have_one_palette_say_so_or_share_it(
    movie_widget, viewer_model, movie, run, notifications
):
    choose(movie_widget.target.slices, "One palette each: t")
    assert not movie_widget.quality_tab.compare.isEnabled()
    movie_widget.session.compare_methods()
    assert notifications == [
        (
            "error",
            "The methods are compared by one palette each: let all slices share one "
            "palette, or choose the current one alone.",
        )
    ]
    run(movie_widget, movie_widget.curve_tab.button)
    pixels = see_pixels(movie, None)
    expected = curve_of(pixels, DEFAULTS, print, Monitor())
    assert movie_widget.result.value.startswith(f"movie: {expected.elbow} colors are")
    movie_widget.session.opening.offer_palette(Palette([[0], [200]]), "two")
    run(movie_widget, movie_widget.palette_tab.apply)
    expected = apply_palette(movie, Palette([[0], [200]]), channel_axis=None).labels
    assert type(made(viewer_model)[1]) is Labels
    np.testing.assert_array_equal(made(viewer_model)[1].data, expected)


def test_live_results_of_slices(movie_widget, viewer_model, click, qtbot):
    choose(movie_widget.target.slices, "One palette each: t")
    click(movie_widget.form.live)
    qtbot.waitUntil(lambda: len(viewer_model.layers) == 3, timeout=60_000)
    _, expected = quantize_layer(viewer_model.layers["movie"], 5, slice_axis=0)
    labels = viewer_model.layers[-1]
    np.testing.assert_array_equal(labels.data, expected.data)
    choose(movie_widget.target.slices, "Share one palette")
    _, expected = quantize_layer(viewer_model.layers["movie"], 5)
    qtbot.waitUntil(lambda: np.array_equal(labels.data, expected.data), timeout=60_000)


# ------------------------------------------------------------ an axis of channels


@pytest.fixture
def cells():
    return np.random.default_rng(0).integers(0, 4000, (3, 20, 30), np.uint16)


@pytest.fixture
def cells_widget(viewer_model, open_alone, cells, unfold):
    viewer_model.add_image(
        cells, name="cells", axis_labels=("c", "y", "x"), contrast_limits=(0, 4000)
    )
    widget = open_alone()
    unfold(widget)
    widget.form.n_colors.value = 4
    return widget


def test_an_axis_of_channels_is_chosen_by_its_label(
    cells_widget, viewer_model, cells, run, notifications
):
    scope = cells_widget.target
    box = scope.channel_axis.native
    assert [box.itemText(i) for i in range(box.count())] == [
        "None",
        "c (3)",
        "y (20)",
        "x (30)",
    ]
    assert scope.slices.native.isVisible()
    choose(scope.channel_axis, "c (3)")
    assert not scope.slices.native.isVisible()  # a plane is left
    run(cells_widget)
    picture, labels = made(viewer_model)
    expected = quantize(cells, 4, channel_axis=0)
    np.testing.assert_array_equal(labels.data, expected.labels)
    # Three channels are red, green and blue, in the layer's contrast limits.
    drawn = np.rint(255 * expected.palette.colors / 4000)[expected.indices]
    np.testing.assert_allclose(picture.data, drawn, atol=1)
    assert picture.rgb
    assert picture.axis_labels == labels.axis_labels == ("y", "x")
    columns = [f"channel {n}" for n in range(3)]
    np.testing.assert_array_equal(labels.features[columns], expected.palette.colors)
    np.testing.assert_allclose(
        [labels.get_color(label)[:3] for label in range(1, 5)],
        expected.palette.colors / 4000,
        rtol=1e-6,
    )
    run(cells_widget, cells_widget.quality_tab.measure)
    assert notifications == []


def test_the_palette_of_an_axis_of_channels_is_edited_and_used_again(
    cells_widget, viewer_model, cells, run
):
    choose(cells_widget.target.channel_axis, "c (3)")
    run(cells_widget)
    picture, labels = made(viewer_model)
    expected = edit(
        quantize(cells, 4, channel_axis=0),
        cells,
        [Merge([0, 1]), Lock([0])],
        channel_axis=0,
    )
    for action in (Merge([0, 1]), Lock([0])):
        cells_widget.palette_tab.edit(action)
    np.testing.assert_array_equal(labels.data, expected.labels)
    drawn = np.rint(255 * expected.palette.colors / 4000)[expected.indices]
    np.testing.assert_allclose(picture.data, drawn, atol=1)
    assert cells_widget.locks.value == "1 locked color is kept by Quantize."
    run(cells_widget, cells_widget.palette_tab.apply)
    again = apply_palette(cells, expected.palette, channel_axis=0)
    np.testing.assert_array_equal(made(viewer_model)[1].data, again.labels)


def test_slices_regions_and_classes_beside_an_axis_of_channels(
    viewer_model, open_alone, unfold, run, notifications
):
    data = np.random.default_rng(0).integers(0, 4000, (4, 2, 20, 30), np.uint16)
    viewer_model.add_image(data, name="both", axis_labels=("z", "c", "y", "x"))
    painted = np.zeros((20, 30), int)
    painted[3:9, 4:11] = 2
    region = viewer_model.add_labels(painted, name="cells")
    viewer_model.layers.selection.active = viewer_model.layers["both"]
    widget = open_alone()
    unfold(widget)
    widget.form.n_colors.value = 4
    choose(widget.target.slices, "One palette each: c")
    choose(widget.target.channel_axis, "c (2)")
    assert widget.target.slices.value == "all"  # it holds channels
    box = widget.target.slices.native
    assert [box.itemText(i) for i in range(box.count())][2:] == [
        "One palette each: z",
        "One palette each: y",
        "One palette each: x",
    ]
    choose(widget.target.slices, "One palette each: z")
    run(widget)
    expected = quantize_slices(data, 4, slice_axis=0, channel_axis=1)
    labels = made(viewer_model)[1]
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert notifications == [
        (
            "warning",
            "napari lines layers up by their last axes: the result of 'both' lacks the "
            "axis 'c', and its slider moves it along 'z'.",
        )
    ]
    choose(widget.target.slices, "Current one alone")
    widget.target.within.value = widget.target.seeds.value = region
    viewer_model.dims.set_point(0, 3)
    run(widget)
    expected = quantize(
        data[3], 4, channel_axis=0, mask=painted > 0, seeds=painted
    ).labels
    np.testing.assert_array_equal(made(viewer_model)[1].data, expected[np.newaxis])
    assert made(viewer_model)[1].metadata[METADATA_KEY]["position"] == [
        3,
        None,
        None,
        None,
    ]


def test_live_results_of_an_axis_of_channels(
    cells_widget, viewer_model, cells, click, qtbot
):
    click(cells_widget.form.live)
    qtbot.waitUntil(lambda: len(viewer_model.layers) == 3, timeout=60_000)
    assert viewer_model.layers[2].data.shape == (3, 20, 30)
    choose(cells_widget.target.channel_axis, "c (3)")
    qtbot.waitUntil(
        lambda: viewer_model.layers[-1].data.shape == (20, 30), timeout=60_000
    )
    assert len(viewer_model.layers) == 3  # layers of other axes have gone
    expected = quantize(cells, 4, channel_axis=0)
    np.testing.assert_array_equal(viewer_model.layers[2].data, expected.labels)


def test_other_layers_have_other_choices(cells_widget, viewer_model, small):
    choose(cells_widget.target.channel_axis, "c (3)")
    viewer_model.add_image(small, name="china", rgb=True)
    assert cells_widget.session.target.now.axis is None
    assert not cells_widget.target.channel_axis.native.isVisible()
    movie = viewer_model.add_image(np.zeros((5, 6, 7)), name="movie")
    assert cells_widget.target.channel_axis.native.isVisible()
    assert cells_widget.session.target.now.axis is None
    viewer_model.layers.selection = {movie, viewer_model.layers["cells"]}
    assert not cells_widget.target.channel_axis.native.isVisible()


def test_one_fold_is_open_and_the_other_tells_what_it_hides(
    widget, viewer_model, qtbot
):
    left = Qt.MouseButton.LeftButton
    title = "  Channels, slices and regions"
    assert widget.where.button.text() == "▾" + title
    widget.target.within.value = viewer_model.layers["square"]
    widget.target.seeds.value = viewer_model.layers["painted"]
    qtbot.mouseClick(widget.more.button, left)
    assert widget.where.button.text() == f"▸{title} (2 set)"
    assert not widget.target.controls.native.isVisible()
    qtbot.mouseClick(widget.where.button, left)
    assert not widget.form.more.native.isVisible()
    viewer_model.layers.remove(viewer_model.layers["square"])
    assert widget.where.button.text() == f"▾{title} (1 set)"


def test_live_results_follow_what_is_painted_and_drawn(
    widget, viewer_model, small, click, qtbot
):
    painted, square = viewer_model.layers["painted"], viewer_model.layers["square"]
    widget.target.within.value = painted
    click(widget.form.live)
    qtbot.waitUntil(lambda: len(viewer_model.layers) == 6, timeout=60_000)
    labels = viewer_model.layers[-1]
    painted.brush_size = 5
    painted.paint((30, 40), 2)
    mask = painted.data > 0
    assert mask.sum() > 90  # two areas, and a stroke
    qtbot.waitUntil(lambda: ((labels.data > 0) == mask).all(), timeout=60_000)

    widget.target.within.value = square
    painted.paint((5, 50), 2)  # is not listened to any more
    square.data = [OTHER]
    mask = inside(small.shape, OTHER)
    qtbot.waitUntil(lambda: ((labels.data > 0) == mask).all(), timeout=60_000)
    listeners = [*painted.events.data.callbacks, *painted.events.paint.callbacks]
    assert not [one for one in listeners if "region" in str(one)]
