"""What is chosen in a viewer: parameters, what is quantized, and settings."""
