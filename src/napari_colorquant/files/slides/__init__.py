"""Images larger than memory, opened without being read."""
