"""The browser phone: a page on the exchange's port."""
