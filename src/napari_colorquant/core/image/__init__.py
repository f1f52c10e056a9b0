"""An image as pixels and as blocks of them, and what is read of it."""
