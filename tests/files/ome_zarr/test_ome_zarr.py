from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from shutil import rmtree

import dask.array as da
import numpy as np
import pytest
import zarr

from folders import contents
from napari_colorquant import (
    Palette,
    apply_palette,
    quantize,
    quantize_slices,
    save_ome_zarr,
)
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.files.ome_zarr.pyramid import Level, pyramid_of
from napari_colorquant.files.ome_zarr.write import save_pyramid
from napari_colorquant.files.record import record_of
from saved import Counted, noise, record_in, small_parts


def read_back(path, n_levels):
    """The labels and pictures of a folder, by zarr alone."""
    group = zarr.open_group(path, mode="r")
    labels = group["labels/palette"]
    assert sorted(name for name, _ in group.arrays()) == [
        str(number) for number in range(n_levels)
    ]
    return [
        (labels[str(number)][:], group[str(number)][:]) for number in range(n_levels)
    ]


def metadata(path, name=""):
    attributes = zarr.open_group(path, mode="r", path=name).attrs.asdict()
    return attributes.get("ome", attributes)


def half(array, times, first=0):
    """Every second pixel of y and x, several times; `first` axes before them."""
    step = slice(None, None, 2**times)
    return array[(*(slice(None),) * first, step, step)]


# ---------------------------------------------------------------- what is written


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_labels_and_picture_are_those_in_memory_at_each_level(
    tmp_path, monkeypatch, china, version
):
    small_parts(monkeypatch, 64)
    q = quantize(china, 8)
    save_ome_zarr(tmp_path / "a.zarr", q, version=version)
    levels = read_back(tmp_path / "a.zarr", 5)
    for times, (labels, picture) in enumerate(levels):
        assert (labels.dtype, picture.dtype) == (np.uint8, np.uint8)
        assert np.array_equal(labels, half(q.labels, times))
        assert np.array_equal(picture.transpose(1, 2, 0), half(q.image, times))
    assert levels[-1][0].shape == (27, 40)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_the_palette_is_in_the_colors_and_properties_of_the_labels(tmp_path, version):
    image = np.array([[[0, 0, 0], [250, 128, 7]], [[250, 128, 7], [9, 9, 9]]], np.uint8)
    mask = [[True, True], [True, False]]
    names = ["ink", "flag"]
    palette = Palette([[0, 0, 0], [250, 128, 7]], names=names, units="uint8")
    q = apply_palette(image, palette, mask=mask)
    save_ome_zarr(tmp_path / "a.zarr", q, version=version)

    about = metadata(tmp_path / "a.zarr", "labels/palette")["image-label"]
    assert about == {
        "version": version,
        "source": {"image": "../../"},
        "colors": [
            {"label-value": 0, "rgba": [0, 0, 0, 0]},
            {"label-value": 1, "rgba": [0, 0, 0, 255]},
            {"label-value": 2, "rgba": [250, 128, 7, 255]},
        ],
        "properties": [
            {
                "label-value": 0,
                "label": 0,
                "palette-index": None,
                "name": "not quantized",
                "hex": None,
                "red": None,
                "green": None,
                "blue": None,
                "pixels": 1,
                "percent": None,
            },
            {
                "label-value": 1,
                "label": 1,
                "palette-index": 0,
                "name": "ink",
                "hex": "#000000",
                "red": 0.0,
                "green": 0.0,
                "blue": 0.0,
                "pixels": 1,
                "percent": 100 / 3,
            },
            {
                "label-value": 2,
                "label": 2,
                "palette-index": 1,
                "name": "flag",
                "hex": "#fa8007",
                "red": 250.0,
                "green": 128.0,
                "blue": 7.0,
                "pixels": 2,
                "percent": 200 / 3,
            },
        ],
    }
    assert metadata(tmp_path / "a.zarr", "labels")["labels"] == ["palette"]
    ((labels, picture),) = read_back(tmp_path / "a.zarr", 1)
    assert labels.tolist() == [[1, 2], [2, 0]]
    assert picture[:, 1, 1].tolist() == [9, 9, 9]


def test_scale_place_and_units_are_carried(tmp_path, monkeypatch):
    small_parts(monkeypatch)
    q = quantize(noise((3, 17, 30)), 4, channel_axis=None)
    save_ome_zarr(
        tmp_path / "a.zarr",
        q,
        scale=(2, 0.5, 0.25),
        translate=(0, 10, 20),
        units=(None, "micrometer", "micrometer"),
        name="cells",
    )
    for name, title in (("", "cells"), ("labels/palette", "palette")):
        (about,) = metadata(tmp_path / "a.zarr", name)["multiscales"]
        assert about["name"] == title
        assert about["axes"] == [
            {"name": "z", "type": "space"},
            {"name": "y", "type": "space", "unit": "micrometer"},
            {"name": "x", "type": "space", "unit": "micrometer"},
        ]
        # The first pixel of each level is the same one.
        assert about["datasets"] == [
            {
                "path": str(number),
                "coordinateTransformations": [
                    {"type": "scale", "scale": scale},
                    {"type": "translation", "translation": [0, 10, 20]},
                ],
            }
            for number, scale in enumerate([[2, 0.5, 0.25], [2, 1, 0.5]])
        ]


def test_one_scale_and_one_unit_are_for_the_axes_of_space(tmp_path):
    q = quantize(noise((3, 17, 30)), 4, channel_axis=None)
    save_ome_zarr(tmp_path / "a.zarr", q, axes="tyx", scale=0.5, units="mm")
    for name in ("", "labels/palette"):
        (about,) = metadata(tmp_path / "a.zarr", name)["multiscales"]
        assert about["axes"] == [
            {"name": "t", "type": "time"},
            {"name": "y", "type": "space", "unit": "millimeter"},
            {"name": "x", "type": "space", "unit": "millimeter"},
        ]
        (dataset,) = about["datasets"]
        assert dataset["coordinateTransformations"] == [
            {"type": "scale", "scale": [1, 0.5, 0.5]}
        ]


def test_a_stack_of_one_channel(tmp_path, monkeypatch):
    small_parts(monkeypatch)
    q = quantize(noise((3, 20, 30), "uint16", highest=9999), 5, channel_axis=None)
    save_ome_zarr(tmp_path / "a.zarr", q)
    for times, (labels, picture) in enumerate(read_back(tmp_path / "a.zarr", 2)):
        assert picture.dtype == np.uint16
        assert np.array_equal(labels, half(q.labels, times, 1))
        assert np.array_equal(picture, half(q.image, times, 1))
    (channel,) = metadata(tmp_path / "a.zarr")["omero"]["channels"]
    assert channel["color"] == "FFFFFF"
    assert channel["window"] == {
        "min": 0,
        "max": 65535,
        "start": q.palette.colors.min(),
        "end": q.palette.colors.max(),
    }


def test_channels_of_data_keep_their_values(tmp_path, monkeypatch):
    small_parts(monkeypatch)
    image = noise((2, 3, 20, 20), "float32", highest=50)  # c, z, y, x
    q = quantize(image, 4, channel_axis=0)
    save_ome_zarr(tmp_path / "a.zarr", q, axes="tyx")
    ((labels, picture), _) = read_back(tmp_path / "a.zarr", 2)
    assert np.array_equal(labels, q.labels)
    assert np.array_equal(picture, q.image.transpose(1, 0, 2, 3))  # t, c, y, x
    about = metadata(tmp_path / "a.zarr")
    assert [axis["name"] for axis in about["multiscales"][0]["axes"]] == list("tcyx")
    colors = [channel["color"] for channel in about["omero"]["channels"]]
    assert colors == ["FF00FF", "00FF00"]
    _, first, *_ = metadata(tmp_path / "a.zarr", "labels/palette")["image-label"][
        "properties"
    ]
    assert [first["channel 0"], first["channel 1"]] == q.palette.colors[0].tolist()


def test_the_classes_of_entries_are_in_the_properties_of_the_labels(tmp_path):
    palette = Palette([[0], [9]], classes=["", "DAB"], units="uint8")
    q = apply_palette(np.eye(4, dtype=np.uint8) * 9, palette, channel_axis=None)
    save_ome_zarr(tmp_path / "a.zarr", q)
    about = metadata(tmp_path / "a.zarr", "labels/palette")["image-label"]
    assert [one["class"] for one in about["properties"]] == [None, "", "DAB"]


def test_more_than_255_colors_are_labels_of_16_bits(tmp_path):
    q = quantize(noise((40, 50, 3)), 300)
    save_ome_zarr(tmp_path / "a.zarr", q)
    ((labels, _),) = read_back(tmp_path / "a.zarr", 1)
    assert labels.dtype == np.uint16
    assert labels.max() == 300
    assert np.array_equal(labels, q.labels)


def test_transparency_is_a_fourth_channel_that_is_not_shown(tmp_path):
    q = quantize(noise((9, 8, 4), highest=3), 4)
    save_ome_zarr(tmp_path / "a.zarr", q)
    ((labels, picture),) = read_back(tmp_path / "a.zarr", 1)
    assert np.array_equal(picture.transpose(1, 2, 0), q.image)
    assert np.array_equal(labels == 0, q.image[..., 3] == 0)
    channels = metadata(tmp_path / "a.zarr")["omero"]["channels"]
    assert [channel["active"] for channel in channels] == [True, True, True, False]


def test_levels_of_the_caller_are_kept_and_smaller_ones_added(tmp_path, monkeypatch):
    small_parts(monkeypatch)
    image = noise((61, 70, 3))
    first = quantize(image, 6)
    second = apply_palette(image[::3, ::3] // 2, first.palette.unlearned())
    save_ome_zarr(tmp_path / "a.zarr", [first, second], scale=(2, 1))
    levels = read_back(tmp_path / "a.zarr", 3)
    expected = (first.labels, second.labels, second.labels[::2, ::2])
    for (labels, _), wanted in zip(levels, expected, strict=True):
        assert np.array_equal(labels, wanted)
    datasets = metadata(tmp_path / "a.zarr")["multiscales"][0]["datasets"]
    scales = [one["coordinateTransformations"][0]["scale"] for one in datasets]
    assert scales == [[1, 2, 1], [1, 6, 3], [1, 12, 6]]


def test_the_record_comes_back_with_exact_counts(tmp_path):
    image = np.zeros((30, 20, 3), np.uint8)
    image[:, :7] = 200
    q = quantize(image, 2)
    guessed = replace(q, palette=replace(q.palette, counts=[1, 2]))
    save_ome_zarr(tmp_path / "a.zarr", guessed)
    record = record_in(tmp_path / "a.zarr")
    expected = record_of(q)
    assert record == json.loads(json.dumps(expected)) | {"report": record["report"]}
    assert record["palette"]["counts"] == [390, 210]
    assert record["report"]["psnr"] == np.inf  # which JSON has not
    assert Palette.from_dict(record["palette"]).colors.tolist() == [[0] * 3, [200] * 3]


def test_counts_that_were_estimates_are_none_once_all_is_written(tmp_path, monkeypatch):
    subset = "napari_colorquant.core.image.sampling"
    for limit, value in (("MOST_PIXELS", 999), ("FEWEST_PARTS", 10)):
        monkeypatch.setattr(f"{subset}.{limit}", value)
    monkeypatch.setattr(f"{subset}._ENOUGH_PIXELS", 1)
    _, q = lazy_result(noise((48, 64, 3)))
    assert q.report.counts_are_estimates
    save_ome_zarr(tmp_path / "a.zarr", q)
    record = record_in(tmp_path / "a.zarr")
    assert (
        record["palette"]["counts"]
        == np.bincount(q.labels.compute().ravel(), minlength=9).tolist()[1:]
    )
    assert record["counts_are_estimates"] is False
    assert record["report"]["counts_are_estimates"] is False


@pytest.mark.parametrize("lazy", [False, True])
def test_a_palette_a_slice(tmp_path, monkeypatch, lazy):
    small_parts(monkeypatch)
    movie = np.stack([noise((20, 30, 3)), noise((20, 30, 3), seed=1) // 2])
    expected = quantize_slices(movie, 5)
    q = expected
    if lazy:
        for limit, value in (("MOST_PIXELS", 300), ("FEWEST_PARTS", 2)):
            monkeypatch.setattr(f"napari_colorquant.core.image.sampling.{limit}", value)
        monkeypatch.setattr("napari_colorquant.core.image.sampling._ENOUGH_PIXELS", 1)
        q = quantize_slices(da.from_array(movie, chunks=(1, 10, 10, 3)), 5)
        assert q.report.counts_are_estimates
    save_ome_zarr(tmp_path / "a.zarr", q, axes="tyx")
    for times, (labels, picture) in enumerate(read_back(tmp_path / "a.zarr", 2)):
        assert np.array_equal(labels, half(np.asarray(q.labels), times, 1))
        drawn = np.moveaxis(np.asarray(q.image), -1, 1)
        assert np.array_equal(picture, half(drawn, times, 2))
    about = metadata(tmp_path / "a.zarr", "labels/palette")["image-label"]
    drawn = q.palette.drawn(np.uint8).tolist()
    assert [one["rgba"] for one in about["colors"]][1:] == [[*c, 255] for c in drawn]
    record = record_in(tmp_path / "a.zarr")
    assert record["slice_axis"] == 0
    assert len(record["palettes"]) == 2
    for saved, palette in zip(record["palettes"], q.palettes, strict=True):
        own = palette.uncounted() if lazy else palette
        assert Palette.from_dict(saved).as_dict() == own.as_dict()
    counts = np.bincount(np.asarray(q.labels).ravel(), minlength=6)[1:].tolist()
    assert record["palette"]["counts"] == counts
    assert record["counts_are_estimates"] is False


# ---------------------------------------------------------------- other readers


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_the_reader_of_napari_shows_the_same_colors(tmp_path, monkeypatch, version):
    from napari.layers import Image, Labels
    from napari_ome_zarr import napari_get_reader

    small_parts(monkeypatch, 32)
    q = quantize(noise((40, 50, 3)), 5)
    path = tmp_path / "a.zarr"
    units = ["micrometer"] * 2
    save_ome_zarr(
        path, q, version=version, scale=(0.5, 0.25), units=units, name="cells"
    )
    (image, about, kind), (labels, of_labels, of_kind) = napari_get_reader(str(path))(
        str(path)
    )
    assert (kind, of_kind) == ("image", "labels")
    assert [level.shape for level in image] == [(3, 40, 50), (3, 20, 25)]
    assert about["channel_axis"] == 0
    assert about["name"] == ["cells: red", "cells: green", "cells: blue"]
    assert [colormap.name for colormap in about["colormap"]] == ["red", "green", "blue"]
    assert about["contrast_limits"] == [[0, 255]] * 3
    assert (about["scale"], about["units"]) == ([0.5, 0.25], tuple(units))
    layer = Image(image[0][0].compute(), colormap=about["colormap"][0])
    assert np.array_equal(layer.data, q.image[..., 0])

    assert np.array_equal(labels[0].compute(), q.labels)
    shown = {key: of_labels[key] for key in ("colormap", "properties")}
    with pytest.warns(UserWarning, match="did not provide a default color"):
        layer = Labels(q.labels, **shown)  # the specification has none
    drawn = q.palette.drawn(np.uint8)
    for label, color in enumerate(drawn, 1):
        assert np.rint(255 * layer.get_color(label)).tolist() == [*color, 255]
    assert layer.get_color(0) is None or layer.get_color(0)[3] == 0
    assert layer.features["index"].tolist() == [0, 1, 2, 3, 4, 5]
    assert layer.features["pixels"].tolist() == [0, *q.palette.counts]


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_the_metadata_are_what_the_specification_says(tmp_path, version):
    models = pytest.importorskip(f"ome_zarr_models.v0{version[-1]}")
    save_ome_zarr(tmp_path / "a.zarr", quantize(noise((9, 8, 3)), 4), version=version)
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    image = models.Image.from_zarr(group)
    assert image.labels is not None
    models.ImageLabel.from_zarr(group["labels/palette"])


# ---------------------------------------------------------------- part by part


def interrupted_after(n):
    """Interrupt a save of 17 parts after the first n."""

    def stop(progress):
        if progress.done == round(1000 * n / 17):
            raise KeyboardInterrupt

    return stop


def lazy_result(image, chunks=(16, 16, 3)):
    counted = Counted(image, chunks)
    palette = quantize(image, 8).palette
    q = apply_palette(counted.lazy(), palette)
    counted.reads.clear()
    return counted, q


def test_each_block_of_a_lazy_image_is_read_once(tmp_path, monkeypatch):
    small_parts(monkeypatch)
    image = noise((48, 64, 3))
    counted, q = lazy_result(image)
    seen = []
    save_ome_zarr(tmp_path / "a.zarr", q, progress=seen.append)
    assert sorted(counted.reads) == [
        (y, x, 0) for y in range(0, 48, 16) for x in range(0, 64, 16)
    ]
    expected = quantize(image, 8)
    levels = read_back(tmp_path / "a.zarr", 3)
    assert np.array_equal(levels[0][0], expected.labels)
    assert np.array_equal(levels[0][1].transpose(1, 2, 0), expected.image)
    n_parts = 12 + 4 + 1
    assert [tuple(one) for one in seen] == [
        ("write", round(1000 * n / n_parts), 1000) for n in range(1, n_parts + 1)
    ]
    record = record_in(tmp_path / "a.zarr")
    assert record["palette"]["counts"] == expected.palette.counts.tolist()


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("n", [1, 5, 12, 15])
def test_an_interrupted_save_is_taken_up_again(tmp_path, monkeypatch, version, n):
    small_parts(monkeypatch)
    image = noise((48, 64, 3))
    counted, q = lazy_result(image)
    save_ome_zarr(tmp_path / "whole.zarr", q, name="a", version=version)

    counted.reads.clear()
    with pytest.raises(KeyboardInterrupt):
        save_ome_zarr(
            tmp_path / "a.zarr", q, version=version, progress=interrupted_after(n)
        )
    assert not (tmp_path / "a.zarr").exists()
    partial = tmp_path / ".a.zarr.partial"
    finished = [line for line in (partial / "done").read_text().split() if line]
    of_first = sum(line.startswith("0/") for line in finished)
    assert of_first == min(n, 12)
    # As if the process had been killed: half a line, and a chunk that zarr had begun.
    with open(partial / "done", "a") as stream:
        stream.write("0/1")
    (partial / "content" / "0" / "abc.partial").write_bytes(b"half")

    counted.reads.clear()
    seen = []
    save_ome_zarr(tmp_path / "a.zarr", q, version=version, progress=seen.append)
    assert len(counted.reads) == len({*counted.reads}) == 12 - of_first
    assert seen[-1] == ("write", 1000, 1000)
    assert contents(tmp_path / "a.zarr") == contents(tmp_path / "whole.zarr")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zarr", "whole.zarr"]


def test_another_result_is_not_mixed_with_what_is_under_way(tmp_path, monkeypatch):
    small_parts(monkeypatch)
    counted, q = lazy_result(noise((48, 64, 3)))
    with pytest.raises(KeyboardInterrupt):
        save_ome_zarr(tmp_path / "a.zarr", q, progress=interrupted_after(7))
    counted.reads.clear()
    other = apply_palette(counted.lazy(), Palette(q.palette.colors + 1))
    counted.reads.clear()
    with pytest.warns(UserWarning, match="begun anew, as the image, the palette or an"):
        save_ome_zarr(tmp_path / "a.zarr", other)
    assert len(counted.reads) == 12
    ((labels, picture), *_) = read_back(tmp_path / "a.zarr", 3)
    assert np.array_equal(labels, other.labels.compute())
    assert np.array_equal(picture.transpose(1, 2, 0), other.image.compute())


def test_resume_false_begins_anew(tmp_path, monkeypatch):
    small_parts(monkeypatch)
    counted, q = lazy_result(noise((48, 64, 3)))
    with pytest.raises(KeyboardInterrupt):
        save_ome_zarr(tmp_path / "a.zarr", q, progress=interrupted_after(7))
    counted.reads.clear()
    save_ome_zarr(tmp_path / "a.zarr", q, resume=False)
    assert len(counted.reads) == 12


def test_pixels_that_have_changed_meanwhile_are_read_again(tmp_path, monkeypatch):
    small_parts(monkeypatch)
    image, path = noise((48, 64, 3)), tmp_path / "image.zarr"
    array = zarr.create_array(path, data=image, chunks=(16, 16, 3))
    palette = quantize(image, 8).palette
    for lazy in (array, da.from_zarr(str(path))):
        array[:] = image
        q = apply_palette(lazy, palette)
        with pytest.raises(KeyboardInterrupt):
            save_ome_zarr(tmp_path / "a.zarr", q, progress=interrupted_after(7))
        array[:] = 255 - image
        with pytest.warns(UserWarning, match="begun anew, as the image, the palette"):
            save_ome_zarr(tmp_path / "a.zarr", apply_palette(lazy, palette))
        expected = apply_palette(255 - image, palette)
        ((labels, _), *_) = read_back(tmp_path / "a.zarr", 3)
        assert np.array_equal(labels, expected.labels)
        rmtree(tmp_path / "a.zarr")


def test_an_image_that_nobody_can_know_is_begun_anew(tmp_path, monkeypatch):
    small_parts(monkeypatch)
    store = zarr.storage.MemoryStore()
    array = zarr.create_array(store, data=noise((48, 64, 3)), chunks=(16, 16, 3))
    q = apply_palette(array, Palette([[0, 0, 0], [255, 255, 255]]))
    save_ome_zarr(tmp_path / "whole.zarr", q, name="a")  # nothing to go on with
    with pytest.raises(KeyboardInterrupt):
        save_ome_zarr(tmp_path / "a.zarr", q, progress=interrupted_after(7))
    with pytest.warns(UserWarning, match="begun anew") as caught:
        save_ome_zarr(tmp_path / "a.zarr", q)
    assert [str(one.message) for one in caught] == [
        f"{tmp_path / 'a.zarr'}: an interrupted save of it was begun anew, as nobody "
        "can tell whether the pixels of its image have changed since."
    ]
    assert caught[0].filename == __file__
    assert contents(tmp_path / "a.zarr") == contents(tmp_path / "whole.zarr")


@pytest.mark.parametrize("overwrite", [False, True])
def test_who_saves_under_the_same_name_meanwhile_touches_nothing(tmp_path, overwrite):
    q = quantize(noise((9, 8, 3)), 4)
    if overwrite:
        save_ome_zarr(tmp_path / "a.zarr", q)
    seen = []

    def again(_):
        if not seen:
            seen.append(contents(tmp_path))
            with pytest.raises(FileExistsError, match=r"a\.zarr: is being saved at"):
                save_ome_zarr(tmp_path / "a.zarr", q, resume=False, overwrite=overwrite)
            assert contents(tmp_path) == seen[0]

    save_ome_zarr(tmp_path / "a.zarr", q, overwrite=overwrite, progress=again)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


def test_what_progress_raises_stops_the_work(tmp_path, monkeypatch):
    small_parts(monkeypatch)
    _, q = lazy_result(noise((48, 64, 3)))
    level = Level(q.labels, q.image)
    pyramid = pyramid_of([level], q.palette, record_of(q), "a")
    seen = []

    def stop(progress):
        seen.append(progress)
        raise OSError(5, "a pipe that is closed")

    with (
        pytest.raises(OSError, match="a pipe that is closed") as caught,
        Monitor(stop) as monitor,
    ):
        save_pyramid(tmp_path / "a.zarr", pyramid, monitor)
    assert caught.value.filename is None  # it is none of the folder's
    assert seen == [("write", 59, 1000)]
    assert [path.name for path in tmp_path.iterdir()] == [".a.zarr.partial"]


# ---------------------------------------------------------------- what goes wrong


def test_a_block_that_cannot_be_read_leaves_nothing_under_the_name(
    tmp_path, monkeypatch
):
    small_parts(monkeypatch)
    counted, q = lazy_result(noise((48, 64, 3)))
    counted.broken = (16, 32, 0)
    with pytest.raises(OSError, match="Input/output error"):
        save_ome_zarr(tmp_path / "a.zarr", q)
    assert not (tmp_path / "a.zarr").exists()
    counted.broken = None
    counted.reads.clear()
    save_ome_zarr(tmp_path / "a.zarr", q)
    assert 0 < len(counted.reads) < 12


def test_nothing_is_overwritten_unless_asked(tmp_path):
    first, second = (quantize(noise((9, 8, 3), seed=seed), 4) for seed in (0, 1))
    path = tmp_path / "a.zarr"
    save_ome_zarr(path, first)
    before = contents(path)
    with pytest.raises(FileExistsError, match=r"a\.zarr: exists already: choose anot"):
        save_ome_zarr(path, second)
    assert contents(path) == before
    save_ome_zarr(path, second, overwrite=True)
    ((labels, _),) = read_back(path, 1)
    assert np.array_equal(labels, second.labels)
    assert [one.name for one in tmp_path.iterdir()] == ["a.zarr"]


def test_only_a_zarr_is_overwritten(tmp_path):
    q = quantize(noise((9, 8, 3)), 4)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    (tmp_path / "file.zarr").write_text("mine")
    for name in ("mine", "file.zarr"):
        with pytest.raises(FileExistsError, match="is no folder of a zarr"):
            save_ome_zarr(tmp_path / name, q, overwrite=True)
    assert contents(tmp_path) == {"mine/thesis.txt": b"all of it", "file.zarr": b"mine"}


def test_what_is_in_the_way_of_a_partial_save_is_not_removed(tmp_path):
    (tmp_path / ".a.zarr.partial").mkdir()
    (tmp_path / ".a.zarr.partial" / "mine").write_text("mine")
    with pytest.raises(FileExistsError, match="was not left by an interrupted save"):
        save_ome_zarr(tmp_path / "a.zarr", quantize(noise((9, 8, 3)), 4))
    assert contents(tmp_path) == {".a.zarr.partial/mine": b"mine"}


@pytest.mark.skipif(
    os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0),
    reason="needs a folder that cannot be written to",
)
def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "mine").mkdir(mode=0o500)
    path = tmp_path / "mine" / "a.zarr"
    with pytest.raises(PermissionError) as caught:
        save_ome_zarr(path, quantize(noise((9, 8, 3)), 4))
    assert caught.value.filename == str(path)


def test_a_folder_that_is_not_there(tmp_path):
    path = tmp_path / "gone" / "a.zarr"
    with pytest.raises(FileNotFoundError) as caught:
        save_ome_zarr(path, quantize(noise((9, 8, 3)), 4))
    assert caught.value.filename == str(path)


def test_missing_packages_are_said_with_the_command(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ome_zarr.writer", None)
    with pytest.raises(
        ImportError, match=r'pip install "napari-colorquant\[ome-zarr\]'
    ):
        save_ome_zarr(tmp_path / "a.zarr", quantize(noise((9, 8, 3)), 4))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"version": "0.3"}, r"the version is '0\.3': pass one of 0\.4, 0\.5\."),
        ({"axes": "xy"}, "the axes are 'xy', for labels of 2 axes: pass as many of"),
        ({"axes": "zyx"}, "the axes are 'zyx', for labels of 2 axes"),
        ({"scale": (1, 0)}, "a value of scale is 0: pass sizes above 0"),
        ({"translate": (1,)}, "translate has 1 value, and there are 2 axes"),
        ({"translate": (1, np.inf)}, "a value of translate is inf: pass a finite"),
        ({"units": ("micrometer",)}, "units has 1 value, and there are 2 axes"),
        ({"units": "mmm"}, "units is 'mmm': pass one of length or time"),
        ({"channel_axis": 0}, r"the picture has the shape \(9, 8, 3\) and its labels"),
    ],
)
def test_arguments_that_do_not_fit(tmp_path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        save_ome_zarr(tmp_path / "a.zarr", quantize(noise((9, 8, 3)), 4), **options)
    assert list(tmp_path.iterdir()) == []


def test_shapes_that_do_not_tell_the_channels(tmp_path):
    q = quantize(noise((3, 3, 3)), 4)
    with pytest.raises(ValueError, match="more than one axis may hold the channels"):
        save_ome_zarr(tmp_path / "a.zarr", q)
    save_ome_zarr(tmp_path / "a.zarr", q, channel_axis=-1)
    ((_, picture),) = read_back(tmp_path / "a.zarr", 1)
    assert np.array_equal(picture.transpose(1, 2, 0), q.image)


def test_what_is_no_quantization(tmp_path):
    for thing in ([], [noise((9, 8))], {"labels": 1}):
        with pytest.raises(TypeError, match="pass what `quantize` returned"):
            save_ome_zarr(tmp_path / "a.zarr", thing)
    image = noise((9, 8, 3))
    with pytest.raises(ValueError, match="the levels have palettes of their own"):
        save_ome_zarr(tmp_path / "a.zarr", [quantize(image, 4), quantize(image, 5)])
    movie = np.stack([image, image])
    with pytest.raises(ValueError, match="the levels have palettes of their own"):
        save_ome_zarr(
            tmp_path / "a.zarr", [quantize_slices(movie, 4), quantize(movie, 4)]
        )
    with pytest.raises(ValueError, match="the labels have 5 axes"):
        save_ome_zarr(
            tmp_path / "a.zarr", quantize(noise((1, 1, 1, 9, 8)), 4, channel_axis=None)
        )
