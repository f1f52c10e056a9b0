"""From colours to a palette."""
