"""The transport: just so much of HTTP/2 and gRPC as Envoy speaks to a stage.

`frames` and `requests` know the bytes, `messages` what gRPC puts into them; `sender`, `stream` and `connection` the
rules, without a socket; `calls` drives sessions, `addresses` and `server` have the sockets.
"""
