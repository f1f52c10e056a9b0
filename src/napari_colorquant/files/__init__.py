"""Pictures, records, OME-Zarr and slides on disk."""
