"""The ext_proc services of both stages: transports, protobuf and sessions."""
