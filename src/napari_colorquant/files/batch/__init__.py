"""Many pictures, one after another: which, what is read, where results go, tables."""
