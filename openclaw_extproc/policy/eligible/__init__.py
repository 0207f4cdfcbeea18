"""Which targets may serve a request, and why others may not."""
