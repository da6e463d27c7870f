"""Telnyx Voice: webhooks, media streaming, commands."""
