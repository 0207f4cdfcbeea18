"""What an HTTP request has besides a body in some format: paths, headers, forms, and requests that pass unread."""
