"""The page that measures areas and objects."""
