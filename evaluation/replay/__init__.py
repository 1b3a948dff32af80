"""Episodes as they can be watched: what was recorded while they played, as a file and as a page for a browser."""
