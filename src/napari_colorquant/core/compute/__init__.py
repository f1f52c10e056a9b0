"""Progress and stopping, threads and clusters, sizes, and the checks of arguments."""
