"""Both stages served to Envoy over ext_proc: transports, protobuf, sessions."""
