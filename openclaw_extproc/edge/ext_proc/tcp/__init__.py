"""The stages served over TCP, by grpcio: transport security and the service itself."""
