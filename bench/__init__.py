"""What the sidecar costs, against Envoy alone in the same run: `python -m bench`, or `make bench`.

Measured are requests per second, latency, CPU time of Envoy and of our service, and our service's memory. The provider
is a canned one (`responder`), the load comes from `wrk`; neither is counted, but on a small machine both take their
share of it. Machines are shared and noisy: both sides are measured in turns, and what counts are medians and ratios.
Left out: TLS, failover, large bodies, time to the first event (wrk sees whole answers only).
"""
