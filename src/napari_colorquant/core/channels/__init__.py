"""Several channels, each an array or a layer of its own, quantized together."""
