"""What the record of a result says of how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari_colorquant.core.color.stains import Rows
from napari_colorquant.core.palette.edits import Edit, edit_from_dict
from napari_colorquant.core.palette.table import channel_names
from napari_colorquant.viewer.layers.channels import LayerChannel, channels_of


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """What no edit of a result changes: how it was made, and of what.

    plain: the record as it was at first. n_channels: of the palette.
    """

    plain: Mapping[str, Any]
    n_channels: int

    @property
    def source(self) -> str:
        """The name of the image, or of a palette alone."""
        return str(self.plain["source"])

    @property
    def is_of_an_image(self) -> bool:
        """Whether it has been applied, and is no palette alone."""
        return "report" in self.plain

    @property
    def is_of_known_channels(self) -> bool:
        """Whether it is known what its channels are: of a palette file it is not."""
        return "rgb" in self.plain

    @property
    def rgb(self) -> bool:
        """Whether the channels are red, green and blue."""
        return bool(self.plain.get("rgb", self.n_channels == 3))

    @property
    def layer_channels(self) -> tuple[LayerChannel, ...]:
        """What is known of the channels of one layer or several; none of RGB and grey.

        ValueError if it is damaged.
        """
        return channels_of(self.plain)

    @property
    def channels(self) -> list[str] | None:
        """Names of channels that are shown together; None for RGB and for grey."""
        return [channel.name for channel in self.layer_channels] or None

    @property
    def columns(self) -> list[str]:
        """Names of the channels, as the features of the labels have them."""
        return self.channels or channel_names(self.n_channels, rgb=self.rgb)

    @property
    def layer_names(self) -> list[str] | None:
        """Names of the layers that were quantized together; None for one alone."""
        if self.plain.get("channel_axis") is not None:
            return None
        return [channel.layer for channel in self.layer_channels] or None

    @property
    def pixel_axis(self) -> int | None:
        """Which axis of the image holds its channels: -1 for RGB, None for none."""
        axis: int | None = self.plain.get("channel_axis")
        return -1 if self.rgb else axis

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits that were made before; ValueError if one is damaged."""
        return tuple(map(edit_from_dict, self.plain.get("edits", ())))

    @property
    def max_distance(self) -> float | None:
        """How far pixels may be from their entry; None for any."""
        report: Mapping[str, Any] = self.plain.get("report") or {}
        return report.get("max_distance")

    @property
    def stains(self) -> Rows | None:
        """The image's own stains at full staining, where a palette was applied."""
        report: Mapping[str, Any] = self.plain.get("report") or {}
        return report.get("stains")

    @property
    def is_masked(self) -> bool:
        """Whether pixels were left as they are: outside a mask, or too far."""
        return bool(self.plain.get("masked")) or self.max_distance is not None

    @property
    def shares_one_palette(self) -> bool:
        """Whether all slices have the palette, and none one of its own."""
        return "palettes" not in self.plain

    @property
    def slice_axis(self) -> int | None:
        """Axis of the image whose slices have palettes of their own."""
        axis: int | None = self.plain.get("slice_axis")
        return axis
