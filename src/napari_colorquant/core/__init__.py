"""Arrays in, arrays out: the engine, which knows no file format and no viewer."""
