"""The written configuration: text in, one immutable snapshot and all complaints out. No disk, no environment."""
