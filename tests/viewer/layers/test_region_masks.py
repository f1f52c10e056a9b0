"""Labels and shapes as masks on the grid of an image."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.layers import Image, Labels, Points, Shapes

from napari_colorquant import quantize, quantize_layer, quantize_layers
from napari_colorquant.core.image.blocks import occupied
from napari_colorquant.viewer.layers.image_input import take_source
from napari_colorquant.viewer.layers.preview import coarse
from napari_colorquant.viewer.layers.rasterize import on_grid
from napari_colorquant.viewer.layers.region_masks import take_region
from placing import placed


def image(*shape, **place):
    return Image(np.arange(np.prod(shape), dtype=np.uint16).reshape(shape), **place)


def region_labels(region, layer):
    grid = on_grid(region, layer)
    return grid[grid.whole]


def test_labels_of_the_same_grid_are_as_they_are():
    data = np.arange(12).reshape(3, 4) % 3
    found = region_labels(Labels(data), image(3, 4))
    np.testing.assert_array_equal(found, data)


def test_labels_of_another_scale_and_place():
    # Pixels of the labels are 2 wide; their first centre is at 1 in the world.
    labels = Labels(np.array([[1, 2], [3, 4]]), scale=(2, 2), translate=(1, 1))
    found = region_labels(labels, image(6, 5))
    assert found.tolist() == [
        [1, 1, 2, 2, 0],
        [1, 1, 2, 2, 0],
        [3, 3, 4, 4, 0],
        [3, 3, 4, 4, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]


@pytest.mark.parametrize("step", [0.1, 0.5, 1 / 3])
def test_a_centre_between_two_pixels_is_in_the_later_one(step):
    n = round(1 / step)
    labels = Labels(np.arange(1, 5)[np.newaxis])
    found = region_labels(labels, image(1, 3 * n, scale=(1, step)))
    expected = np.floor((np.arange(3 * n) * 2 / n + 1) / 2 + 1e-6).astype(int) + 1
    np.testing.assert_array_equal(found[0], expected)


def test_a_region_of_fewer_axes_applies_to_all_slices():
    data = np.eye(4, dtype=int)
    stack = image(3, 5, 4, 4, scale=(7, 0.5, 2, 2))
    found = region_labels(Labels(data, scale=(2, 2)), stack)
    assert found.shape == (3, 5, 4, 4)
    assert (found == data).all()


def test_labels_of_as_many_axes_apply_to_their_slices():
    data = np.zeros((2, 4, 4), int)
    data[1] = 5
    found = region_labels(Labels(data, scale=(2, 1, 1)), image(4, 4, 4))
    assert found[:, 0, 0].tolist() == [0, 5, 5, 0]  # at 0, 0.5, 1 and 1.5


@pytest.mark.parametrize("ndim", [2, 3])
def test_layers_in_one_place_of_the_world_fit_wherever_it_is(ndim):
    data = np.random.default_rng(0).integers(0, 3, (4, 9, 8)[-ndim:])
    labels = Labels(data, **placed(ndim))
    found = region_labels(labels, image(*data.shape, **placed(ndim)))
    np.testing.assert_array_equal(found, data)


@given(
    st.floats(0.2, 5),
    st.floats(-180, 180),
    st.floats(-20, 20),
    st.floats(-1, 1),
)
def test_a_pixel_is_where_the_viewer_has_its_centre(scale, angle, shift, shear):
    data = np.random.default_rng(0).integers(1, 9, (20, 20))
    labels = Labels(data, scale=(scale, 1), rotate=angle, translate=(shift, 3))
    layer = image(12, 10, shear=[shear], translate=(-2, 1))
    found = region_labels(labels, layer)
    for pixel in np.ndindex(12, 10):
        place = labels.world_to_data(layer.data_to_world(pixel))
        if np.abs(place % 1 - 0.5).min() < 1e-6:
            continue  # between two pixels: either will do
        row, column = np.rint(place).astype(int)
        inside = 0 <= row < 20 and 0 <= column < 20
        assert found[pixel] == (data[row, column] if inside else 0)


def test_units_are_converted_where_they_can_be():
    data = np.array([[1, 2], [3, 4]])
    labels = Labels(data, scale=(1, 1), units=("micrometer", "micrometer"))
    layer = image(4, 4, scale=(500, 500), units=("nanometer", "nanometer"))
    found = region_labels(labels, layer)
    assert found[0].tolist() == [1, 2, 2, 0]
    pixels = image(2, 2)  # numbers as they are, as the viewer shows them
    np.testing.assert_array_equal(region_labels(labels, pixels), data)


def test_levels_have_masks_of_their_own():
    data = np.zeros((8, 8), np.uint8)
    layer = Image([data, data[::2, ::2]], multiscale=True, scale=(2, 2))
    region = np.zeros((16, 16), int)
    region[:8] = 1
    fine, rough = take_region(Labels(region), layer).masks()
    assert fine[:, 0].tolist() == [True] * 4 + [False] * 4
    assert rough[:, 0].tolist() == [True] * 2 + [False] * 2


@pytest.mark.parametrize("kind", ["labels", "lazy labels", "shapes"])
def test_the_mask_of_a_lazy_image_is_made_block_by_block(kind):
    painted = np.arange(30 * 20).reshape(30, 20) % 7 // 5
    region = {
        "labels": lambda: Labels(painted, scale=(0.7, 1.3), translate=(2, -3)),
        "lazy labels": lambda: Labels(
            da.from_array(painted, chunks=7), scale=(0.7, 1.3), translate=(2, -3)
        ),
        "shapes": lambda: Shapes([[[2, 3], [2, 18], [17, 15]]], shape_type="polygon"),
    }[kind]()
    data = np.zeros((3, 25, 24), np.uint8)
    place = {"rotate": 20, "scale": (1, 0.9, 0.8)}
    (lazy,) = take_region(
        region, Image(da.from_array(data, chunks=(1, 8, 9)), **place)
    ).masks()
    (whole,) = take_region(region, Image(data, **place)).masks()
    assert lazy.chunks == ((1, 1, 1), (8, 8, 8, 1), (9, 9, 6))
    np.testing.assert_array_equal(lazy.compute(), whole)
    assert 0 < whole.sum() < whole.size


def test_a_region_of_a_lazy_pyramid_is_quantized_as_in_memory():
    data = np.random.default_rng(0).integers(0, 255, (60, 50, 3), np.uint8)
    levels = [data, data[::2, ::2]]
    lazy = [da.from_array(level, chunks=(16, 20, 3)) for level in levels]
    region = Shapes([[[5, 5], [5, 40], [50, 30]]], shape_type="polygon")
    learn = Labels(np.pad(np.ones((20, 20), int), 15))
    results = [
        quantize_layer(
            Image(one, rgb=True, multiscale=True), 4, within=region, learn_within=learn
        )
        for one in (levels, lazy)
    ]
    for of_memory, of_blocks in zip(*results, strict=True):
        for own, other in zip(of_memory.data, of_blocks.data, strict=True):
            np.testing.assert_array_equal(np.asarray(own), np.asarray(other))
    assert set(np.unique(np.asarray(results[1][1].data[0]))) == {0, 1, 2, 3, 4}


def test_a_region_is_what_it_was_when_it_was_taken():
    painted, layer = Labels(np.zeros((4, 4), int)), image(4, 4)
    drawn = Shapes([[[0, 0], [0, 3], [3, 3], [3, 0]]], shape_type="polygon")
    regions = [take_region(one, layer) for one in (painted, drawn)]
    painted.data[:] = 1
    drawn.data = [np.zeros((4, 2))]
    assert [region.masks()[0].sum() for region in regions] == [0, 16]


def test_only_the_part_of_lazy_labels_that_is_asked_for_is_read():
    seen = []

    def block(block_info):
        seen.append(block_info[None]["chunk-location"])
        return np.ones(block_info[None]["chunk-shape"], np.uint8)

    labels = Labels(
        da.map_blocks(
            block, chunks=((10,) * 9, (10,) * 9), dtype=np.uint8, meta=np.empty((0, 0))
        )
    )
    layer = Image(da.zeros((90, 90), chunks=30, dtype=np.uint8))
    (mask,) = take_region(labels, layer).masks()
    seen.clear()
    assert mask[:30, 30:60].compute(scheduler="synchronous").all()
    assert sorted(set(seen)) == [(i, j) for i in range(3) for j in range(3, 6)]


SHAPES = [
    ("rectangle", [[2, 3], [2, 9], [7, 9], [7, 3]]),
    ("polygon", [[1, 1], [10, 4], [6, 12], [3, 7]]),
]


@pytest.mark.parametrize(("kind", "corners"), SHAPES)
def test_shapes_are_filled_as_the_viewer_fills_them(kind, corners):
    shapes = Shapes([corners], shape_type=kind)
    found = region_labels(shapes, image(12, 14))
    np.testing.assert_array_equal(found > 0, shapes.to_masks((12, 14))[0])
    assert found.max() == 1


def test_an_ellipse_is_round():
    corners = [[0, 0], [0, 12], [8, 12], [8, 0]]
    found = region_labels(Shapes([corners], shape_type="ellipse"), image(10, 14))
    y, x = np.mgrid[:10, :14]
    np.testing.assert_array_equal(
        found > 0, ((y - 4) / 4) ** 2 + ((x - 6) / 6) ** 2 <= 1
    )


def test_the_later_of_two_shapes_is_on_top():
    squares = [
        [[y, x] for y, x in corners]
        for corners in (
            [(0, 0), (0, 2), (2, 2), (2, 0)],
            [(1, 1), (1, 3), (3, 3), (3, 1)],
        )
    ]
    found = region_labels(Shapes(squares), image(4, 4))
    assert found.tolist() == [[1, 1, 1, 0], [1, 2, 2, 2], [1, 2, 2, 2], [0, 2, 2, 2]]


def test_shapes_lie_where_the_viewer_has_them():
    square = [[0, 0], [0, 2], [2, 2], [2, 0]]
    shapes = Shapes([square], scale=(10, 10), translate=(100, 200))
    layer = image(5, 6, scale=(10, 10), translate=(100, 190))
    found = region_labels(shapes, layer)
    assert (found > 0).tolist() == [[False, *[True] * 3, False, False]] * 3 + [
        [False] * 6
    ] * 2


def test_shapes_in_a_stack_are_in_their_slices():
    square = [[1, 0, 0], [1, 0, 2], [1, 2, 2], [1, 2, 0]]
    upright = [[0, 3, 0], [0, 3, 1], [2, 3, 1], [2, 3, 0]]
    found = region_labels(Shapes([square, upright]), image(4, 5, 5))
    expected = np.zeros((4, 5, 5), int)
    expected[1, :3, :3] = 1
    expected[:3, 3, :2] = 2
    np.testing.assert_array_equal(found, expected)
    flat = region_labels(Shapes([np.array(square)[:, 1:]]), image(4, 5, 5))
    assert (flat[:, :3, :3] == 1).all()
    assert flat.sum() == 36


def test_lines_surround_nothing():
    shapes = Shapes([[[0, 0], [3, 3]]], shape_type="line", name="cut")
    sentence = r"^the region 'cut' has a shape of the type 'line', which surrounds"
    with pytest.raises(ValueError, match=sentence):
        region_labels(shapes, image(4, 4))


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (Points([[0, 0]], name="dots"), "^'dots' is no region: pass a labels layer"),
        (np.zeros((4, 4)), "^ndarray is no region: pass a labels layer or a shapes"),
    ],
)
def test_what_is_no_region_is_refused(region, said):
    with pytest.raises(TypeError, match=said):
        quantize_layer(image(4, 4), 2, within=region)


def test_a_region_of_more_axes_is_refused():
    region = Labels(np.zeros((2, 4, 4), int), name="cells")
    sentence = r"^the region 'cells' has 3 axes and the image 'grey' 2: pass"
    with pytest.raises(ValueError, match=sentence):
        region_labels(region, image(4, 4, name="grey"))


def test_where_a_layer_learns_and_where_it_is_quantized(china):
    learn = Shapes([[[0, 0], [0, 299], [199, 299], [199, 0]]])
    apply = Labels(np.ones((100, 640), int), translate=(150, 0))
    result, labels = quantize_layer(
        Image(china, rgb=True), 9, within=apply, learn_within=learn
    )
    mask, learn_mask = np.zeros((2, *china.shape[:2]), bool)
    mask[150:250] = True
    learn_mask[:200, :300] = True
    expected = quantize(china, 9, mask=mask, learn_mask=learn_mask)
    np.testing.assert_array_equal(labels.data, expected.labels)
    np.testing.assert_array_equal(result.data, expected.image)
    record = labels.metadata["napari-colorquant"]
    assert record["masked"]
    assert record["learn_masked"]


def test_masks_and_regions_are_both_kept():
    layer = image(4, 4)
    mask = np.zeros((4, 4), bool)
    mask[:2] = True
    left = Labels(np.array([[1, 1, 0, 0]] * 4))
    _, labels = quantize_layer(layer, 2, mask=mask, within=left)
    assert (labels.data > 0).tolist() == [[True, True, False, False]] * 2 + [
        [False] * 4
    ] * 2


def test_channels_take_regions_too():
    layers = [image(6, 6, scale=(2, 2)), image(6, 6, scale=(2, 2))]
    region = Labels(np.ones((6, 12), int))
    _, labels = quantize_layers(layers, 3, within=region, learn_within=region)
    assert (labels.data[:3] > 0).all()
    assert not labels.data[3:].any()


def test_multiscale_layers_take_regions_and_no_masks():
    data = np.arange(64, dtype=np.uint8).reshape(8, 8)
    layer = Image([data, data[::2, ::2]], multiscale=True, name="pyramid")
    region = Labels(np.repeat([[1, 1, 1, 1, 0, 0, 0, 0]], 8, axis=0))
    _, labels = quantize_layer(layer, 4, within=region)
    assert (labels.data[0] > 0).tolist() == [[True] * 4 + [False] * 4] * 8
    assert (labels.data[1] > 0).tolist() == [[True] * 2 + [False] * 2] * 4
    with pytest.raises(ValueError, match="'pyramid' is multiscale and takes no mask"):
        quantize_layer(layer, 4, learn_mask=np.ones((8, 8), bool))


def test_a_coarser_view_keeps_both_masks():
    data = np.zeros((400, 400), np.uint8)
    mask = np.random.default_rng(0).random((2, 400, 400)) > 0.5
    small = coarse(take_source(Image(data), *mask), 10_000).pictures[0]
    np.testing.assert_array_equal(small.mask, mask[0, ::4, ::4])
    np.testing.assert_array_equal(small.learn_mask, mask.all(axis=0)[::4, ::4])


# ---------------------------------------------------------------- seeds


def test_painted_labels_of_another_scale_are_seeds():
    painted = Labels(np.array([[0, 4], [2, 0]]), scale=(2, 2), translate=(0.5, 0.5))
    image = np.arange(16, dtype=np.uint8).reshape(4, 4) * 10
    _, labels = quantize_layer(Image(image, name="grey"), 6, seeds=painted)
    table = labels.features.set_index("name")["value"]
    assert table["class 4"] == image[:2, 2:].mean()
    assert table["class 2"] == image[2:, :2].mean()


def test_each_shape_is_a_class():
    squares = [[[0, 0], [0, 1], [1, 1], [1, 0]], [[2, 2], [2, 3], [3, 3], [3, 2]]]
    image = np.arange(16, dtype=np.uint8).reshape(4, 4) * 10
    levels = [image, image[::2, ::2]]
    layer = Image(levels, multiscale=True)
    _, labels = quantize_layer(layer, 6, seeds=Shapes(squares))
    table = labels.features.set_index("name")["value"]
    assert table["class 1"] == image[:2, :2].mean()
    assert table["class 2"] == image[2:, 2:].mean()


def test_seeds_and_a_palette_a_slice_are_not_for_each_other():
    layer = Image(np.zeros((3, 4, 4), np.uint8))
    seeds = np.ones((3, 4, 4), int)
    with pytest.raises(ValueError, match=r"^seeds are learned once for all slices: "):
        quantize_layer(layer, 2, seeds=seeds, slice_axis=0)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    angle=st.sampled_from([0, 30, 90, 200]),
    scale=st.sampled_from([0.3, 1, 7.5]),
    how=st.sampled_from(["labels", "shapes", "volume"]),
)
def test_no_block_is_left_out_where_a_region_reaches(seed, angle, scale, how):
    random = np.random.default_rng(seed)
    shape = (3, 40, 50) if how == "volume" else (40, 50)
    chunks = tuple((3,) if n == 3 else (7,) * (n // 7) + (n % 7,) for n in shape)
    layer = Image(da.zeros(shape, chunks=chunks))
    place = {
        "rotate": angle,
        "scale": (scale, scale * 1.3),
        "translate": random.integers(-20, 60, 2),
    }
    if how == "shapes":
        square = np.array([[0, 0], [0, 9], [7, 9], [7, 0]])
        region = Shapes([square + random.integers(0, 40, 2)], **place)
    else:
        painted = np.zeros((70, 80), int)
        painted[tuple(random.integers(0, 70, (2, 5)))] = random.integers(1, 4, 5)
        region = Labels(painted, **place)
    seeds = take_region(region, layer).labels()
    reached = seeds.reached(chunks)
    labels = seeds.labels.compute()
    np.testing.assert_array_equal(labels, region_labels(region, layer))
    assert not (occupied(labels, chunks) & ~reached).any()


def test_blocks_far_from_what_is_painted_are_left_out():
    chunks = ((10,) * 20,) * 2
    layer = Image(da.zeros((200, 200), chunks=chunks))
    painted = np.zeros((200, 200), int)
    painted[3, 4], painted[190, 100] = 1, 2
    reached = take_region(Labels(painted), layer).labels().reached(chunks)
    # 32 x 32 pixels around each: 4 blocks, or those that they touch.
    expected = np.zeros((20, 20), bool)
    expected[:4, :4] = expected[15:20, 9:13] = True
    np.testing.assert_array_equal(reached, expected)
    nothing = take_region(Labels(np.zeros((9, 9), int)), layer).labels()
    assert not nothing.reached(chunks).any()
