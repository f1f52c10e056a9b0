"""From a palette to labels and a redrawn picture."""
