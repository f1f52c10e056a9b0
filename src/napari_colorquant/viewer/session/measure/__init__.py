"""What is measured in a viewer, and what is seen of it."""
