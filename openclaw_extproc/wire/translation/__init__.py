"""What translations between formats have in common: losses, needs, quirks, words of errors, state of providers."""
