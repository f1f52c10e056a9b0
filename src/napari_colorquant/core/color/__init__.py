"""Colour spaces, and the colours that an image has."""
