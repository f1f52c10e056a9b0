"""The runs of the viewer: their input is layers, and they know no window."""
