"""Bindings of the C library, one module per C module; no defaults, no policy."""
