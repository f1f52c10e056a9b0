"""Tables that are written for people join on ``label``."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from napari.layers import Image
from PIL import Image as Picture

from napari_colorquant import (
    Palette,
    Rename,
    cli,
    edit,
    quantize,
    quantize_layer,
    quantize_layers,
    save_ome_zarr,
)
from napari_colorquant.formats.csv_table import COLUMNS
from napari_colorquant.viewer.plugin.writers import write_tables

FIRST = ["label", "index", "name", "hex"]


def layers_of(image, kind):
    """Quantize an image as RGB, as a grey stack, or as layers of one channel."""
    if kind == "layers":
        channels = [
            Image(image[..., i], name=f"c{i}", colormap=color, contrast_limits=(0, 99))
            for i, color in enumerate(("magenta", "green", "blue"))
        ]
        return quantize_layers(channels, 5)
    if kind == "axis":
        return quantize_layer(Image(image, rgb=False), 5, channel_axis=-1)
    return quantize_layer(Image(image, rgb=kind == "rgb"), 5)


def tables_of(labels, folder):
    """Save a labels layer, and read what was written."""
    write_tables(str(folder / "a.csv"), [labels.as_layer_data_tuple()])
    values = np.loadtxt(folder / "a-labels.csv", int, delimiter=",", ndmin=2)
    return pd.read_csv(folder / "a.csv"), values


@pytest.mark.filterwarnings("ignore::UserWarning")  # fewer colours than asked for
@settings(max_examples=20)
@given(
    image=hnp.arrays(
        st.sampled_from([np.uint8, np.uint16]), (4, 6, 3), elements=st.integers(0, 255)
    ),
    kind=st.sampled_from(["rgb", "axis", "layers"]),
)
def test_a_palette_joins_its_labels_and_their_features(tmp_path_factory, image, kind):
    folder = tmp_path_factory.mktemp("tables")
    _, labels = layers_of(image, kind)
    palette, values = tables_of(labels, folder)
    features = labels.features
    n = len(features)

    assert list(palette)[:4] == FIRST
    assert list(palette)[-2:] == ["pixels", "percent"]
    assert list(features)[:4] == ["index", "label", "name", "hex"]
    assert palette["label"].tolist() == list(range(1, n + 1))
    assert palette["index"].tolist() == list(range(n))
    assert features["index"].tolist() == features["label"].tolist()

    numbers, pixels = np.unique(values, return_counts=True)
    counted = pd.DataFrame({"label": numbers, "counted": pixels})
    joined = palette.merge(features, on="label", validate="1:1").merge(
        counted, on="label", validate="1:1"
    )
    assert len(joined) == n
    assert (joined["hex_x"] == joined["hex_y"]).all()
    assert (joined["pixels_x"] == joined["counted"]).all()
    assert (joined["pixels_y"] == joined["counted"]).all()
    channels = [name for name in palette if name not in COLUMNS]
    assert channels == [name for name in features if name not in COLUMNS]
    for name in channels:
        assert (joined[f"{name}_x"] == joined[f"{name}_y"]).all()
    if kind == "rgb" and image.dtype == np.uint8:
        for row in joined.itertuples():
            drawn = np.rint([row.red_x, row.green_x, row.blue_x]).astype(np.uint8)
            assert row.hex_x == f"#{bytes(drawn).hex()}"


@pytest.mark.parametrize("kind", ["rgb", "layers"])
def test_features_that_the_user_changed_do_not_break_the_table(tmp_path, kind):
    image = np.random.default_rng(0).integers(0, 99, (4, 6, 3)).astype(np.uint8)
    _, labels = layers_of(image, kind)
    labels.features = labels.features.drop(columns="hex")
    table, _ = tables_of(labels, tmp_path)
    assert table["hex"].str.fullmatch("#[0-9a-f]{6}").all()


def test_the_tables_of_shell_script_and_ome_zarr_join(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    Picture.fromarray(image).save("a.png")
    assert cli.main(["a.png", "--colors", "6"]) == 0
    capsys.readouterr()
    (of_shell,) = tmp_path.glob("*-colors.csv")
    q = edit(quantize(image, 6), image, [Rename(2, "sky")])
    q.palette.save("script.csv")
    save_ome_zarr("a.zarr", q)
    attributes = json.loads((tmp_path / "a.zarr/labels/palette/zarr.json").read_text())
    rows = attributes["attributes"]["ome"]["image-label"]["properties"]

    shell, script = (pd.read_csv(path) for path in (of_shell, "script.csv"))
    for table in (shell, script):
        assert list(table)[:4] == FIRST
        assert table["percent"].sum() == pytest.approx(100)
    zarr = pd.DataFrame(rows)
    assert zarr["label"].tolist() == list(range(7))  # 0 is what was not quantized
    joined = shell.merge(script, on="label", validate="1:1").merge(zarr, on="label")
    assert len(joined) == 6
    assert (joined["hex_x"] == joined["hex_y"]).all()
    assert (joined["hex"] == joined["hex_y"]).all()
    assert (joined["pixels_x"] == joined["pixels"]).all()
    assert (joined["palette-index"] == joined["index_x"]).all()
    assert joined["name_y"].tolist()[2] == joined["name"].tolist()[2] == "sky"


def test_a_table_of_features_is_refused_as_a_palette(tmp_path):
    _, labels = layers_of(np.arange(72, dtype=np.uint8).reshape(4, 6, 3), "rgb")
    labels.features.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(ValueError, match="the label 1 and the index 1 contradict each"):
        Palette.load(tmp_path / "a.csv")
    labels.features.drop(columns="index").to_csv(tmp_path / "a.csv", index=False)
    colors = Palette.load(tmp_path / "a.csv").colors
    channels = labels.features[["red", "green", "blue"]]
    np.testing.assert_array_equal(colors, channels)
