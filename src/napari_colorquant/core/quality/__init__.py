"""How close a redrawn picture is to the original."""
