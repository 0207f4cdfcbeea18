"""Drills: every chain with simulated faults. What is played, where, and what the outcome means; all of it pure.

`edge/commands/drill.py` starts what is played on, and plays.
"""
