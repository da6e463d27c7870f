"""One port: webhooks and media."""
