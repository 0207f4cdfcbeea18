"""Eligibility: which candidates may serve a request, and why others are removed."""
