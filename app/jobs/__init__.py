"""Long work outside the server process: the cluster and the run store."""
