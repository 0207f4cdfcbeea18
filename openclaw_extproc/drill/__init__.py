"""Drills: every chain with simulated faults. What is played, where, and what the outcome means; all of it pure.

`edge/drill.py` starts what is played on, and plays.
"""
