"""Regions of pictures in files: masks and labels, and shapes of ImageJ and QuPath."""
