"""Programs that the benchmark starts. Those that other libraries' environments run import only the standard library."""
