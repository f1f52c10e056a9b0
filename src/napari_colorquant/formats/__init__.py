"""Bytes and plain palette data: whole files that other programs know."""
