"""The results in a viewer, their edits, and what is taken of them."""
