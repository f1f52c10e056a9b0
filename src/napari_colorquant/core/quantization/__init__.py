"""The public runs: from an image to palette, labels, picture and report."""
