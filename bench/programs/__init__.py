"""Programs that the benchmark starts. Those for other libraries import nothing of ours except `client`."""
