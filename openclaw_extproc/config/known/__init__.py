"""What is known without being configured: models, providers, list prices."""
