"""Pictures and indexed images: PNG and TIFF."""
