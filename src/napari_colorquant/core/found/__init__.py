"""What is found in an image before its palette: tissue, stains, a background."""
