"""One thin file per page: controls, a cached run, figures."""
