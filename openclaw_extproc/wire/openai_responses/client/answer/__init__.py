"""The response of the Responses API: its objects, its items, their numbers, and its errors."""
