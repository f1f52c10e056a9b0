"""One palette applied to many layers, and to the files of a folder."""

from __future__ import annotations

from errno import ENOSPC
from io import BytesIO

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_colorquant import Clean, Merge, Palette, apply_palette, edit, measure_areas
from napari_colorquant.cli import main
from napari_colorquant.files.batch.tables import NOT_MEASURED
from napari_colorquant.viewer.session import batch
from napari_colorquant.viewer.session.batch import SUMMARY
from napari_colorquant.viewer.session.jobs import CANCELLED
from napari_colorquant.viewer.session.sentences import (
    NO_IMAGE,
    NO_IMAGE_SELECTED,
    NO_PALETTE,
)
from napari_colorquant.viewer.session.session import Session
from napari_colorquant.viewer.tasks.batch import LayerPart
from shell import contents, names, noise, save

RGB = [[0, 0, 0], [200, 20, 20], [20, 200, 20], [250, 250, 250]]
ELSEWHERE = "choose another folder for the results."
LEGEND = Palette(RGB, names=["ground", "till", "ice", ""], units="uint8")


@pytest.fixture
def session(viewer_model):
    session = Session(viewer_model)
    session.listed = []
    session.events.listed.connect(lambda *what: session.listed.append(what))
    yield session
    session.close()


@pytest.fixture
def legend(session):
    """The session with a palette that was opened."""
    session.opening.offer_palette(LEGEND, "legend")
    return session


def add(session, name, seed=0, shape=(6, 7, 3), **options):
    image = noise(shape, seed=seed)
    session.viewer.add_image(image, name=name, rgb=shape[-1] == 3, **options)
    return image


def layer_names(session):
    return [layer.name for layer in session.viewer.layers]


def test_selected_layers_are_redrawn_and_measured_in_one_table(legend, notifications):
    a = add(legend, "a", 1, scale=(0.5, 2), units=("um", "um"))
    add(legend, "b", 2)
    c = add(legend, "c", 3)
    legend.viewer.layers.selection = {legend.viewer.layers[0], legend.viewer.layers[2]}
    assert legend.batch.apply_to_layers(of_all=False) == ""
    made = layer_names(legend)[3:]
    assert made == [
        "a (4 colors)",
        "a (4 colors) labels",
        "c (4 colors)",
        "c (4 colors) labels",
    ]
    tables = []
    for image, name, sizes in (
        (a, "a (4 colors)", {"scale": (0.5, 2), "units": "um"}),
        (c, "c (4 colors)", {}),
    ):
        q = apply_palette(image, LEGEND)
        picture, labels = (legend.viewer.layers[n] for n in (name, f"{name} labels"))
        np.testing.assert_array_equal(picture.data, q.image)
        np.testing.assert_array_equal(labels.data, q.labels)
        tables.append(measure_areas(q, name=name, **sizes))
    expected = pd.concat(tables, ignore_index=True)
    pd.testing.assert_frame_equal(legend.areas.table, expected)
    assert legend.message == (
        "Applied legend to 2 of 2 images: their areas are in the Measure tab."
    )
    assert legend.editor.result.name == "legend"
    assert legend.possible.now["save_table"] == ""
    assert legend.listed == notifications == []


def test_what_is_left_out_is_left_out_of_each(legend, tmp_path):
    image = add(legend, "a", 1)
    legend.choose(max_distance=60.0)
    assert legend.batch.apply_to_layers(of_all=True) == ""
    q = apply_palette(image, LEGEND, max_distance=60.0)
    assert 0 < np.count_nonzero(q.labels == 0) < q.labels.size
    labels = legend.viewer.layers["a (4 colors) labels"].data
    np.testing.assert_array_equal(labels, q.labels)
    table = measure_areas(q, name="a (4 colors)")
    pd.testing.assert_frame_equal(legend.areas.table, table)
    slides, out = tmp_path / "slides", tmp_path / "out"
    slides.mkdir()
    save(str(slides / "a.png"), image)
    LEGEND.save(tmp_path / "legend.csv")
    assert legend.batch.apply_to_files(slides, out) == ""
    argv = [str(slides), "--palette", str(tmp_path / "legend.csv")]
    argv += ["--max-distance", "60", "-o", str(tmp_path / "shell")]
    assert main([*argv, "--summary", str(tmp_path / "shell" / SUMMARY)]) == 0
    assert contents(out) == contents(tmp_path / "shell")


@pytest.fixture
def cleaned(session):
    """The session with a result that was cleaned twice, and edited in between."""
    add(session, "model", 9, (12, 14, 3))
    session.choose(n_colors=4)
    assert session.quantize() == ""
    for one in (Clean(majority=1), Merge([0, 1]), Clean(min_region=6)):
        assert session.editor.edit(one) == ""
    assert session.batch.cleans == (Clean(1), Clean(0, 6))
    return session


def in_layers(session, name):
    return [session.viewer.layers[f"{name}{end}"].data for end in ("", " labels")]


def test_each_is_cleaned_as_the_result_that_is_shown_was(cleaned, notifications):
    palette = cleaned.editor.result.palette.uncounted()
    image = add(cleaned, "a", 1, (12, 14, 3))
    cleaned.viewer.layers.selection = {cleaned.viewer.layers["a"]}
    assert cleaned.batch.apply_to_layers(of_all=False) == ""
    raw = apply_palette(image, palette)
    q = edit(raw, image, [Clean(1), Clean(0, 6)])
    assert not np.array_equal(q.labels, raw.labels)
    for shown, expected in zip(
        in_layers(cleaned, "a (3 colors)"), (q.image, q.labels), strict=True
    ):
        np.testing.assert_array_equal(shown, expected)
    table = measure_areas(q, name="a (3 colors)")
    pd.testing.assert_frame_equal(cleaned.areas.table, table)
    assert cleaned.message == (
        "Applied model (3 colors) to 1 of 1 image, each cleaned by the majority within "
        "1 pixel, then of regions below 6 pixels: their areas are in the Measure tab."
    )
    # Each clean is an edit of the new result: undone, and repeated by a script.
    cleaned.editor.show(list(cleaned.results)[-1])
    namespace = {"image": image}
    script = cleaned.saving.script()
    making = script[script.index("palette = ") : script.index("print(")]
    exec("from napari_colorquant import *\n" + making, namespace)
    np.testing.assert_array_equal(namespace["q"].labels, q.labels)
    for _ in range(2):
        assert cleaned.editor.undo() == ""
    for shown, expected in zip(
        in_layers(cleaned, "a (3 colors)"), (raw.image, raw.labels), strict=True
    ):
        np.testing.assert_array_equal(shown, expected)
    assert notifications == []


def test_what_was_undone_or_chosen_otherwise_is_not_cleaned(cleaned):
    assert cleaned.editor.undo() == ""
    assert cleaned.batch.cleans == (Clean(1),)
    cleaned.batch.choose_clean(Clean(0, 3))
    assert cleaned.batch.cleans == (Clean(0, 3),)
    cleaned.batch.choose_clean(Clean())
    assert cleaned.batch.cleans == ()
    image = add(cleaned, "a", 1)
    cleaned.viewer.layers.selection = {cleaned.viewer.layers["a"]}
    palette = cleaned.editor.result.palette.uncounted()
    assert cleaned.batch.apply_to_layers(of_all=False) == ""
    (_, labels) = in_layers(cleaned, "a (3 colors)")
    np.testing.assert_array_equal(labels, apply_palette(image, palette).labels)
    assert "cleaned" not in cleaned.message
    # It holds for that palette alone.
    cleaned.opening.offer_palette(LEGEND, "legend")
    assert cleaned.batch.cleans == ()


def test_pyramids_and_lazy_layers_are_cleaned_at_all_levels(legend):
    image = noise((40, 44, 3), seed=3)
    lazy = da.from_array(image, chunks=(13, 44, 3))
    levels = [lazy, lazy[::2, ::2]]
    legend.viewer.add_image(levels, name="lazy", rgb=True, multiscale=True)
    add(legend, "flat", 4)
    legend.batch.choose_clean(Clean(majority=2))
    assert legend.batch.apply_to_layers(of_all=True) == ""
    labels = legend.viewer.layers["lazy (4 colors) labels"].data
    for n, radius in ((0, 2), (1, 1)):
        seen = np.asarray(levels[n])
        expected = edit(apply_palette(seen, LEGEND), seen, Clean(radius)).labels
        np.testing.assert_array_equal(np.asarray(labels[n]), expected)
    # What cannot be cleaned so is told of, and the rest is done.
    legend.batch.choose_clean(Clean(1, 0, 3))
    legend.viewer.layers.selection = {legend.viewer.layers["flat"]}
    assert legend.batch.apply_to_layers(of_all=False) == ""
    why_not = "'on' at 'In 3-D' cleans volumes, and this is a plane: leave it out."
    assert legend.listed[-1][1] == [f"flat: {why_not}"]


@pytest.mark.parametrize(
    ("clean", "options"),
    [
        (Clean(1), ["--majority", "1"]),
        (Clean(1, 5), ["--majority", "1", "--min-region", "5"]),
    ],
)
def test_files_are_cleaned_as_in_the_shell(legend, slides, tmp_path, clean, options):
    legend.saving.save_palette(str(tmp_path / "legend.json"))
    argv = [str(slides), "--palette", str(tmp_path / "legend.json"), *options]
    argv += ["-o", str(tmp_path / "shell")]
    assert main([*argv, "--summary", str(tmp_path / "shell" / SUMMARY)]) == 1
    plain = tmp_path / "plain"
    assert legend.batch.apply_to_files(slides, plain) == ""
    legend.batch.choose_clean(clean)
    assert legend.batch.apply_to_files(slides, tmp_path / "window") == ""
    shell, window = (contents_alike(tmp_path / name) for name in ("shell", "window"))
    assert window == shell
    assert window != contents_alike(plain)
    assert window[SUMMARY].decode("utf-8-sig") == legend.areas.table.to_csv(
        index=False, lineterminator="\n"
    )


def test_all_layers_are_those_that_show_no_result(legend, notifications):
    for name in "ab":
        add(legend, name)
    assert legend.batch.apply_to_layers(of_all=True) == ""
    assert legend.batch.apply_to_layers(of_all=True) == ""
    assert layer_names(legend)[2::2] == [
        "a (4 colors)",
        "b (4 colors)",
        "a (4 colors) [1]",
        "b (4 colors) [1]",
    ]
    called = ["a (4 colors) [1]", "b (4 colors) [1]"]
    assert list(legend.areas.table["image"].unique()) == called
    # A row shows its pixels in the result of its own name.
    legend.show_row(5)
    assert legend.editor.result.picture is legend.viewer.layers["b (4 colors) [1]"]
    assert legend.editor.entries == [1]
    assert notifications == []


def test_what_does_not_fit_is_told_and_the_rest_is_done(legend, notifications):
    add(legend, "a")
    add(legend, "grey", shape=(6, 7))
    legend.viewer.add_image(np.zeros((4, 5, 4), np.uint8), name="empty", rgb=True)
    add(legend, "feet", units=("um", "pixel"))
    assert legend.batch.apply_to_layers(of_all=True) == ""
    table = legend.areas.table
    assert list(table["image"]) == [*["a (4 colors)"] * 4, "grey", "empty", "feet"]
    assert list(table["name"][4:]) == [NOT_MEASURED] * 3
    assert table["pixels"][:4].sum() == 42
    assert table.loc[4:, ["label", "pixels", "area", "percent"]].isna().all(axis=None)
    said = "Applied legend to 1 of 4 images: their areas are in the Measure tab."
    lines = [
        "feet: The axes of 'feet' have the units micrometer, pixel, and a length does "
        "not convert to pixels: set a unit of length for each axis.",
        "grey: The palette has 3 channels and the image 1: choose a palette of the "
        "image's channels.",
        "empty: No pixel of the image can be quantized: all are outside the mask, "
        "transparent, NaN or infinite.",
    ]
    assert legend.listed == [(said, lines)]
    assert legend.message == "\n".join([said, *lines])
    assert notifications == []


def test_lazy_pyramids_and_axes_of_channels_are_those_of_a_script(session):
    values = np.random.default_rng(0).integers(0, 250, (2, 12, 14), np.uint8)
    palette = Palette([[9, 9], [20, 200], [200, 20]], names=["none", "a", "b"])
    whole = session.viewer.add_image(values, name="whole")
    session.target.choose(image=whole, channel_axis=0)
    session.opening.offer_palette(palette, "two")
    lazy = da.from_array(values[::-1], chunks=(1, 5, 14))
    session.viewer.add_image([lazy, lazy[:, ::2, ::2]], name="lazy", multiscale=True)
    session.target.choose(image=whole, channel_axis=0)
    assert session.batch.apply_to_layers(of_all=True) == ""
    expected = [
        measure_areas(apply_palette(one, palette, channel_axis=0), name=name)
        for one, name in (
            (values, "whole (3 colors)"),
            (values[::-1], "lazy (3 colors)"),
        )
    ]
    table = session.areas.table.drop(columns="hex")  # as channels are shown
    expected = pd.concat(expected, ignore_index=True).drop(columns="hex")
    pd.testing.assert_frame_equal(table, expected)
    assert len(session.viewer.layers["lazy (3 colors) labels"].data) == 2


def test_layers_of_a_batch_have_one_white(legend):
    deep = (noise((7, 6, 3), seed=5).astype(np.uint16) << 4) + 15  # 12 bits
    dim = deep // 20  # 8 bits, by itself
    layers = {"deep": deep, "dim": dim, "lazy": da.from_array(dim, chunks=(4, 6, 3))}
    for name, image in layers.items():
        legend.viewer.add_image(image, name=name, rgb=True, contrast_limits=(0, 4095))
    assert legend.batch.apply_to_layers(of_all=True) == ""
    expected = [
        measure_areas(
            apply_palette(np.asarray(image), LEGEND, data_range=4095),
            name=f"{name} (4 colors)",
        )
        for name, image in layers.items()
    ]
    whole = pd.concat(expected, ignore_index=True)
    pd.testing.assert_frame_equal(legend.areas.table, whole)
    note = "deep + dim + lazy: The largest value of the images is 4,095: "
    assert note in legend.message
    assert legend.listed == []


def test_a_mistake_of_ours_is_told_with_its_place(legend, monkeypatch, notifications):
    add(legend, "a")
    add(legend, "b")
    done = LayerPart.done

    def fail(part, *given):
        if part.name == "a":
            raise KeyError("oops")
        return done(part, *given)

    monkeypatch.setattr(LayerPart, "done", fail)
    assert legend.batch.apply_to_layers(of_all=True) == ""
    assert layer_names(legend)[2:] == ["b (4 colors)", "b (4 colors) labels"]
    assert legend.listed[0][1] == ["a: 'oops'"]
    assert notifications == [("error", "'oops'")]


def test_it_is_cancelled_and_layers_stay_as_they_were(legend):
    add(legend, "a")
    legend.events.progress.connect(lambda *_: legend.cancel())
    assert legend.batch.apply_to_layers(of_all=True) == ""
    assert layer_names(legend) == ["a"]
    assert legend.areas.table is None
    assert legend.message == CANCELLED


def test_nothing_is_begun_that_cannot_be(session, tmp_path, notifications):
    assert session.batch.apply_to_layers(of_all=True) == NO_PALETTE
    assert session.batch.apply_to_files(tmp_path, tmp_path) == NO_PALETTE
    session.opening.offer_palette(LEGEND, "legend")
    assert session.possible.now["apply_files"] == session.possible.now["apply_to"] == ""
    for of_all, why_not in ((True, NO_IMAGE), (False, NO_IMAGE_SELECTED)):
        action = "apply_all" if of_all else "apply_selected"
        assert session.possible.now[action] == why_not
        assert session.batch.apply_to_layers(of_all=of_all) == why_not
    empty = f"{tmp_path} holds no picture: choose another folder."
    assert session.batch.apply_to_files(tmp_path, tmp_path) == empty
    save(str(tmp_path / "a.png"), noise((4, 5, 3)))
    place = tmp_path / "out"
    place.write_text("a file")
    no_folder = f"{place}: no folder can be made there: File exists."
    assert session.batch.apply_to_files(tmp_path, place) == no_folder
    place.unlink()
    (tmp_path / SUMMARY).write_text("mine")
    there = f"{tmp_path / SUMMARY} exists already: {ELSEWHERE}"
    assert session.batch.apply_to_files(tmp_path, tmp_path) == there
    assert names(tmp_path) == ["a.png", SUMMARY]
    told = [NO_PALETTE, NO_PALETTE, NO_IMAGE, NO_IMAGE_SELECTED]
    told += [empty, no_folder, there]
    assert notifications == [("error", one) for one in told]


def test_a_palette_of_layers_together_is_for_layers_together(session):
    layers = [
        session.viewer.add_image(noise((6, 7), seed=n), name=str(n)) for n in (0, 1)
    ]
    session.viewer.layers.selection = set(layers)
    session.choose(n_colors=4)
    assert session.quantize() == ""
    why_not = (
        "The palette of '0 + 1 (4 colors)' is of 2 layers together, and here each "
        "image is taken alone: select the layers of another image, and press Apply."
    )
    assert session.batch.apply_to_layers(of_all=True) == why_not
    assert session.possible.now["apply_to"] == why_not


# ------------------------------------------------------------ files


@pytest.fixture
def slides(tmp_path):
    """A folder of pictures, among them two that cannot be done."""
    folder = tmp_path / "slides"
    folder.mkdir()
    save(str(folder / "a.png"), noise((9, 8, 3), seed=1))
    save(str(folder / "b.png"), noise((5, 6, 3), seed=2))
    save(str(folder / "grey.png"), noise((5, 6), seed=3))
    (folder / "bad.png").write_bytes(b"no picture")
    tifffile.imwrite(
        folder / "c.tif",
        noise((7, 6, 3), seed=4),
        photometric="rgb",
        imagej=True,
        resolution=(4, 4),
        metadata={"unit": "micrometer"},
    )
    deep = (noise((7, 6, 3), seed=5).astype(np.uint16) << 4) + 15
    tifffile.imwrite(folder / "deep.tif", deep, photometric="rgb")
    tifffile.imwrite(folder / "dim.tif", deep // 20, photometric="rgb")
    return folder


def contents_alike(folder):
    """Return the files of the slides' results; of some, pixels in place of bytes."""
    files = contents(folder)
    for name in ("deep-legend-colors.tif", "dim-legend-colors.tif"):
        # These have an identity of their own.
        files[name] = tifffile.imread(BytesIO(files[name])).tobytes()
    return files


@pytest.mark.parametrize("by", ["entry", "class"])
def test_files_and_table_are_those_of_the_shell(legend, slides, tmp_path, by):
    legend.choose_areas(by=by)
    legend.saving.save_palette(str(tmp_path / "legend.json"))
    argv = [str(slides), "--palette", str(tmp_path / "legend.json"), "--by", by]
    argv += ["-o", str(tmp_path / "shell")]
    assert main([*argv, "--summary", str(tmp_path / "shell" / SUMMARY)]) == 1
    assert legend.batch.apply_to_files(slides, tmp_path / "window") == ""
    shell, window = (contents_alike(tmp_path / name) for name in ("shell", "window"))
    assert window == shell
    assert len(window) == 5 * 4 - 2 + 1  # no .gpl of 16 bits
    assert window[SUMMARY].decode("utf-8-sig") == legend.areas.table.to_csv(
        index=False, lineterminator="\n"
    )
    said = (
        "Applied legend to 5 of 7 images: their areas are in the Measure tab and in "
        f"{tmp_path / 'window' / SUMMARY}."
    )
    lines = [
        f"{slides / 'bad.png'}: cannot be read as a picture: it is damaged, or of a "
        "format that neither tifffile nor imageio reads.",
        "grey.png: The palette has 3 channels and the image 1: choose a palette of the "
        "image's channels.",
        "deep.tif + dim.tif: The largest value of the images is 4,095: white is taken "
        "to be 4,095, the largest value of 12 bits.",
    ]
    assert legend.listed == [(said, lines)]
    legend.show_row(0)  # which no layer shows
    assert legend.editor.result.name == "legend"


def test_files_that_are_there_stay(legend, slides):
    save(str(slides / "A.tif"), noise((3, 3, 3)))
    there = slides / "b-legend-indices.tif"
    there.write_bytes(b"mine")
    before = contents(slides)
    assert legend.batch.apply_to_files(slides, slides) == ""
    after = contents(slides)
    assert {name: after[name] for name in before} == before
    assert not any(name.startswith("b-legend-colors") for name in after)
    ((said, lines),) = legend.listed
    assert said.startswith("Applied legend to 4 of 8 images: ")
    assert lines[:2] == [
        f"a.png: its results would overwrite those of {slides / 'A.tif'}: {ELSEWHERE}",
        f"b.png: {there} exists already: {ELSEWHERE}",
    ]
    assert legend.message.splitlines() == [said, *lines[:3], "… and 2 more."]
    missing = legend.areas.table[legend.areas.table["name"] == NOT_MEASURED]
    called = [str(slides / f"{name}.png") for name in ("a", "b", "bad", "grey")]
    assert list(missing["image"]) == called


def test_files_of_a_result_are_called_by_its_number_of_colors(legend, slides, tmp_path):
    image = np.array(RGB, np.uint8).reshape(2, 2, 3)
    legend.viewer.add_image(image, name="tiny", rgb=True)
    legend.choose(n_colors=4)
    assert legend.quantize() == ""
    assert legend.batch.apply_to_files(slides, tmp_path / "out") == ""
    assert "a-4-colors.png" in names(tmp_path / "out")
    legend.opening.offer_palette(LEGEND, "../my: legend")
    assert legend.batch.apply_to_files(slides, tmp_path / "other") == ""
    assert "a-.._my_ legend-colors.png" in names(tmp_path / "other")


def test_an_rgb_palette_is_not_for_three_other_channels(session, tmp_path):
    tiny = np.array(RGB, np.uint8).reshape(2, 2, 3)
    session.viewer.add_image(tiny, name="tiny", rgb=True)
    session.choose(n_colors=4)
    assert session.quantize() == ""
    stack = noise((3, 5, 6))
    tifffile.imwrite(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "CYX"})
    assert session.batch.apply_to_files(tmp_path, tmp_path / "out") == ""
    why_not = "The palette is RGB, and the picture is not: apply it to pictures in RGB."
    assert session.listed[0][1] == [f"a.tif: {why_not}"]
    assert session.listed[0][0] == "Applied tiny (4 colors) to 0 of 1 image."
    assert names(tmp_path / "out") == [SUMMARY]


def test_what_was_written_before_cancel_stays(legend, slides, tmp_path):
    def cancel(done, total):
        if done > 100 + 900 / 7:  # of seven files, the second is begun
            legend.cancel()

    legend.events.progress.connect(cancel)
    place = tmp_path / "out"
    assert legend.batch.apply_to_files(slides, place) == ""
    assert legend.message == (
        f"Cancelled: what was done before is in {place}, without a table."
    )
    assert names(place) == [
        f"a-legend-{end}"
        for end in ("colors.csv", "colors.gpl", "colors.png", "indices.png")
    ]
    assert legend.areas.table is None


def test_a_table_that_cannot_be_written_is_shown(legend, slides, tmp_path, monkeypatch):
    def refuse(path, table):
        raise OSError(ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(batch, "write_table", refuse)
    assert legend.batch.apply_to_files(slides, tmp_path / "out") == ""
    assert set(legend.areas.table["name"]) == {*LEGEND.names, NOT_MEASURED}
    lines = legend.listed[0][1]
    assert f"{tmp_path / 'out' / SUMMARY}: No space left on device." in lines
