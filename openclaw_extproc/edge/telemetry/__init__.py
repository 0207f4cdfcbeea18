"""Metrics, logs, alerts and the admin pages, all fed from one record."""
