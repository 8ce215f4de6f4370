"""Reads a worker service's source, without importing it, and writes its stubs."""
