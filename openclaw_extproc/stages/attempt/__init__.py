"""The attempt stage: once per attempt, inside the cluster that Envoy chose."""
