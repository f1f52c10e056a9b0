"""Palettes, pictures and indexed images on disk."""
