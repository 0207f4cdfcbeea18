"""CEL conditions, compiled when the configuration is read, with error messages for operators."""
