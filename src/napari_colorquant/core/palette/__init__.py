"""The palette, its edits, and its units."""
