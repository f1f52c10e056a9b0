"""Results that are written as OME-Zarr, block by block."""
