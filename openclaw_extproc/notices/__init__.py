"""What operators are told through channels, without clock, network or secrets: those are in
`edge/notify/notifier.py`.
"""
