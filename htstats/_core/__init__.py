"""Bindings of the C library, one module per C module, without defaults and choices."""
