"""From the record of a result to the Python script that repeats it."""

from __future__ import annotations

import re
from textwrap import indent
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.color.stains import Stains
from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.core.palette.checks import check_white
from napari_colorquant.core.palette.edits import Edit, edit_from_dict
from napari_colorquant.core.palette.palette import Palette

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LINE = 88
_LONGEST_STEM = 60
"""Characters, of up to four bytes each: a file's name has 255 bytes at most."""

_IMPORTS_TO_OPEN = (
    "import npe2",
    "import numpy as np",
    "from napari.components import ViewerModel",
)
_VIEWER = (
    "npe2.PluginManager.instance().discover()  # readers and samples",
    "viewer = ViewerModel()  # without a window",
)
_MASKED = "# It was made with a mask, which is not recorded: add it here as mask=..."
_LEARN_MASKED = "# It learned from a part, not recorded: add it here as learn_mask=..."
_UNPACKED = '''\
def unpacked(bits, *shape):
    """Return a mask that was kept as compressed bits."""
    packed = np.frombuffer(zlib.decompress(base64.b64decode(bits)), np.uint8)
    return np.unpackbits(packed, count=np.prod(shape)).reshape(shape) > 0

'''
_PAINTED = "# Labels were painted by hand afterwards, which no script can repeat."


def script_of(record: Mapping[str, Any]) -> str:
    """Return the Python script that repeats a result, its edits included.

    A layer from no file is looked up in napari's console. Raises ValueError for a
    damaged record, or several layers with an edited or applied palette.
    """
    try:
        is_of_one = "channels" not in record or "channel_axis" in record
        return _script(record) if is_of_one else _channels_script(record)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            "this is no record of a quantized layer, or a damaged one."
        ) from error


def _script(record: Mapping[str, Any]) -> str:
    edits = [edit_from_dict(plain) for plain in record["edits"]]
    how = [] if record["rgb"] else [f"channel_axis={record.get('channel_axis')!r}"]
    imports, opening = _opening(record)
    names, making = _making(record, [*how, *_white(record)])
    if edits:
        names |= {"edit", *(type(edit).__name__ for edit in edits)}
        making.append(_editing(edits, how))
    if record["painted"]:
        making.append(_PAINTED)
    stem = _file_stem(record["source"])
    level = "[0]" if record["multiscale"] else ""
    lines = [
        f"# Repeats what {_maker(record)} made of the layer {record['source']!r}.",
        *_for_masks(record),
        *imports,
        _importing(names),
        *_unpacking(record),
        "",
        *opening,
        f"image = layer.data{level}{_index(record)}",
        f"assert image.shape == {tuple(record['shape'])}, 'this is another image'",
        "",
        *making,
        "",
        "print(q.report)",
        f"q.palette.save({stem + '-palette.csv'!r})",
        "# From 0. Where a pixel was not quantized, q.labels is 0.",
        f"q.indices.to_zarr({stem + '-indices.zarr'!r})  # block by block"
        if record.get("lazy")
        else f"np.save({stem + '-indices.npy'!r}, q.indices)",
    ]
    return "\n".join(lines) + "\n"


def _channels_script(record: Mapping[str, Any]) -> str:
    """Return the script of layers that were quantized together."""
    channels = record["channels"]
    names = [channel["layer"] for channel in channels]
    if record["edits"] or record["parameters"] is None:
        what = "edited" if record["edits"] else "applied"
        raise ValueError(
            f"the palette of {record['source']!r} was {what}, which a script cannot "
            "repeat for several layers: save the palette and the labels instead."
        )
    if any(_is_of_a_session(channel["origin"]) for channel in channels):
        imports = ["import napari", "import numpy as np"]
        opening = [
            "# Layers came from no file: run this in napari's console.",
            "viewer = napari.current_viewer()",
            _wrapped("layers = [", [f"viewer.layers[{name!r}]" for name in names], "]"),
        ]
    else:
        imports, opening = list(_IMPORTS_TO_OPEN), [*_VIEWER, "layers = []"]
        opened = ""
        for channel, name in zip(channels, names, strict=True):
            if (opens := _opened(channel["origin"])) != opened:
                opening += ["", f"opened = {opens}"]
                opened = opens
            opening += [
                f"(layer,) = [one for one in opened if one.name == {name!r}] or opened",
                f"layer.name = {name!r}",
                "layers.append(layer)",
            ]
    level = "[0]" if record["multiscale"] else ""
    if index := _index(record):
        imports.append("from napari.layers import Image")
        opening += [
            "# One slice of each.",
            f"slices = [one.data{level}{index} for one in layers]",
            "names = [one.name for one in layers]",
            "layers = [Image(a, name=b) for a, b in zip(slices, names)]",
        ]
        level = ""
    opening.append("# They are scaled and shown in these limits.")
    opening += [
        f"layers[{i}].contrast_limits = {tuple(channel['contrast_limits'])}"
        for i, channel in enumerate(channels)
    ]
    masking, masks = _masks(record)
    fixed, chosen = _arguments(record)
    making, chosen = [*masking, *fixed], [*chosen, *masks]
    if record["scaling"] != "contrast_limits":
        chosen.append(f"scaling={record['scaling']!r}")
    call = "image_layer, labels_layer = quantize_layers("
    making.append(_wrapped(call, ["layers", *chosen], ")"))
    if record["painted"]:
        making.append(_PAINTED)
    stem = _file_stem(record["source"])
    lines = [
        f"# Repeats what {_maker(record)} made of the layers",
        *(f"# {name!r}" for name in names),
        *_for_masks(record),
        *imports,
        "from napari_colorquant import Palette, quantize_layers",
        *_unpacking(record),
        "",
        *opening,
        f"assert layers[0].data{level}.shape == {tuple(record['shape'])}, "
        "'these are other images'",
        "",
        *making,
        "",
        "print(labels_layer.features.to_string(index=False))",
        "made = labels_layer.metadata['napari-colorquant']",
        f"Palette.from_dict(made['palette']).save({stem + '-palette.csv'!r})",
        "# From 1. Where a pixel was not quantized, they are 0.",
        f"labels = labels_layer.data{level}",
        f"labels.to_zarr({stem + '-labels.zarr'!r})  # block by block"
        if record.get("lazy")
        else f"np.save({stem + '-labels.npy'!r}, labels)",
    ]
    return "\n".join(lines) + "\n"


def _maker(record: Mapping[str, Any]) -> str:
    """Return the program and its version, without what cannot be in a version.

    A record may be a stranger's, and a script is run.
    """
    version = re.sub(r"[^\w.+]", "", record["version"])
    return f"napari-colorquant {version}"


def _opening(record: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the import lines and the lines that find the layer."""
    name, origin = record["source"], record["origin"]
    if _is_of_a_session(origin):
        return (
            ["import napari", "import numpy as np"],
            [
                "# The layer came from no file: run this in napari's console.",
                "viewer = napari.current_viewer()",
                f"layer = viewer.layers[{name!r}]",
            ],
        )
    return (
        list(_IMPORTS_TO_OPEN),
        [
            *_VIEWER,
            f"layers = {_opened(origin)}",
            "# By its name, or if it was renamed since, the only one.",
            f"(layer,) = [one for one in layers if one.name == {name!r}] or layers",
        ],
    )


def _is_of_a_session(origin: Mapping[str, Any]) -> bool:
    return origin["sample"] is None and origin["path"] is None


def _opened(origin: Mapping[str, Any]) -> str:
    """Return the expression that opens what a layer came from."""
    if origin["sample"] is not None:
        plugin, key = origin["sample"]
        return f"viewer.open_sample({plugin!r}, {key!r})"
    reader = "" if origin["reader"] is None else f", plugin={origin['reader']!r}"
    return f"viewer.open({origin['path']!r}{reader})"


def _making(record: Mapping[str, Any], how: list[str]) -> tuple[set[str], list[str]]:
    """Return the names to import and the lines that make the result."""
    names: set[str] = set()
    making, masks = _masks(record)
    if record["parameters"] is None:
        names |= {"Palette", "apply_palette"}
        making += [
            f"palette = {_palette(Palette.from_dict(record['applied']))}",
            _wrapped(
                "q = apply_palette(",
                ["image", "palette", *_said_of_image(record), *masks, *how],
                ")",
            ),
        ]
        return names, making
    fixed, chosen = _arguments(record)
    if fixed:
        names.add("Palette")
    start, end = "q = quantize(", ")"
    if "slice_axis" in record:
        names.add("quantize_slices")
        chosen.append(f"slice_axis={record['slice_axis']!r}")
        start, end = "q = quantize_slices(", ").whole"
    else:
        names.add("quantize")
    making += [*fixed, _wrapped(start, ["image", *chosen, *masks, *how], end)]
    return names, making


def _masks(record: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the lines that make the masks, and the arguments that pass them.

    Masks that the record does not hold are left to be added, with a comment.
    """
    making, arguments = [], []
    for name, is_there, unknown in (
        ("mask", record["masked"], _MASKED),
        ("learn_mask", record.get("learn_masked"), _LEARN_MASKED),
    ):
        if name in record:
            bits, shape = record[name]["bits"], map(repr, record[name]["shape"])
            room = _LINE - 8
            pieces = [bits[i : i + room] for i in range(0, len(bits), room)]
            text = "\n".join(map(repr, pieces))
            making.append(_wrapped(f"{name} = unpacked(", [text, *shape], ")"))
            arguments.append(f"{name}={name}")
        elif is_there:
            making.append(unknown)
    return making, arguments


def _for_masks(record: Mapping[str, Any]) -> list[str]:
    """Return the import lines that the unpacking of masks needs."""
    there = "mask" in record or "learn_mask" in record
    return ["import base64", "import zlib"] if there else []


def _unpacking(record: Mapping[str, Any]) -> list[str]:
    return ["", "", *_UNPACKED.splitlines()] if _for_masks(record) else []


def _index(record: Mapping[str, Any]) -> str:
    """Return the index of the slice that was quantized; empty for the whole image."""
    if "position" not in record:
        return ""
    parts = [":" if at is None else f"{at}:{at + 1}" for at in record["position"]]
    while parts[-1:] == [":"]:
        parts.pop()
    return f"[{', '.join(parts)}]"


def _arguments(record: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return lines that make fixed colours, and arguments that are not the default.

    Classes that were painted are among the fixed colours.
    """
    parameters = Parameters.from_dict(record["parameters"])
    plain, defaults = parameters.as_dict(), DEFAULTS.as_dict()
    changes = {name: repr(plain[name]) for name in plain}
    making = []
    if parameters.fixed is not None:
        making.append(f"fixed = {_palette(parameters.fixed)}")
        changes["fixed"] = "fixed"
    chosen = [
        f"{name}={said}"
        for name, said in changes.items()
        if plain[name] != defaults[name]
    ]
    return making, chosen


def _said_of_image(record: Mapping[str, Any]) -> list[str]:
    """Return arguments of a palette that was applied: its limit, the image's stains.

    The stains are those that it was compared in, given or not.
    """
    report, arguments = record.get("report") or {}, []
    farthest, full = report.get("max_distance"), report.get("stains")
    if farthest is not None:
        arguments.append(f"max_distance={float(farthest)!r}")
    if full is not None:
        stains = Stains(full)
        arguments += [
            f"stains={stains.vectors.tolist()!r}",
            f"stain_scale={stains.scales.tolist()!r}",
        ]
    return arguments


def _white(record: Mapping[str, Any]) -> list[str]:
    """Return the data_range argument, if white may be guessed otherwise without it.

    A palette that is applied has its white itself, where no other was passed.
    """
    passed = record.get("data_range")
    if passed is not None:
        return [_range(check_white(passed, record["dtype"], "data_range"))]
    palette = record.get("palette")
    if palette is None or record["parameters"] is None:
        return []
    white = Palette.from_dict(palette).white
    if white is None and record["rgb"] and record.get("dtype") == "uint16":
        white = 65535.0
    return [] if white is None else [_range(white)]


def _range(white: float) -> str:
    short = f"{white:.15g}"
    return f"data_range={short if float(short) == white else repr(white)}"


def _editing(edits: Iterable[Edit], how: list[str]) -> str:
    listed = _wrapped("[", [repr(edit) for edit in edits], "]", _LINE - 5)
    return _wrapped("q = edit(", ["q", "image", listed, *how], ")")


def _palette(palette: Palette) -> str:
    """Return the expression that makes a palette, to the last bit."""
    plain = palette.as_dict()
    defaults: dict[str, Any] = {
        "names": None,
        "color_space": "rgb",
        "weights": None,
        "stains": None,
        "background": None,
        "units": None,
        "locked": [],
        "white": None,
        "classes": None,
        "learned_distance": None,
        "learned_shares": None,
    }
    listed = [repr(color) for color in plain["colors"]]
    colors = _wrapped("[", listed, "]", _LINE - 5)  # indented, and a comma
    others = [
        f"{name}={plain[name]!r}"
        for name, default in defaults.items()
        if plain.get(name, default) != default
    ]
    return _wrapped("Palette(", [colors, *others], ")")


def _importing(names: Iterable[str]) -> str:
    one_line = f"from napari_colorquant import {', '.join(sorted(names))}"
    if len(one_line) <= _LINE:
        return one_line
    return _wrapped("from napari_colorquant import (", sorted(names), ")")


def _wrapped(start: str, items: list[str], end: str, room: int = _LINE) -> str:
    """Return code in one line where that fits, else with one item a line."""
    one_line = f"{start}{', '.join(items)}{end}"
    if len(one_line) <= room and "\n" not in one_line:
        return one_line
    return "\n".join([start, *(indent(f"{item},", "    ") for item in items), end])


def _file_stem(name: str) -> str:
    """Return a layer's name as part of a file's name that any system takes."""
    return re.sub(r"[^\w-]+", "_", name)[:_LONGEST_STEM].strip("_") or "image"
