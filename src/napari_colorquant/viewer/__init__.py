"""The only subpackage that imports napari and Qt."""
