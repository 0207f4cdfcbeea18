"""Which targets a request may go to, and why. Pure: features, situation and configuration in, a decision out."""
