"""Figures of matplotlib in the window."""
