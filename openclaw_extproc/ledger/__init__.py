"""What calls cost: the entry of each attempt, and the figures of a report. Pure; the files are in `edge/ledger`."""
