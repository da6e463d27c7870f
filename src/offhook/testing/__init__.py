"""What programs built on offhook are tested with: stand-ins for the services that they call."""
