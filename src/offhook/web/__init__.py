"""Pages: the browser phone."""
