"""The policy: which targets a request may be sent to, in which order, and why. It is pure: features, runtime state and
configuration in, a decision out."""
