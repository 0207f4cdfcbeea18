"""The configuration: file texts in, one immutable snapshot and all findings out. It reads no files and no
environment."""
