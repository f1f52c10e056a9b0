"""Tables of labels: areas of entries and classes, and their objects."""
