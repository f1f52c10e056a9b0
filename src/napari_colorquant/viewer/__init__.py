"""Everything of napari and Qt."""
