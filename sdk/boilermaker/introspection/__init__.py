"""Derives contract types, classes, defaults and signatures from live Python objects.

The generator derives the same from source text. The two implementations are independent on purpose: a test
and `boilermaker contract verify` check that they agree. Stubs do not need this package.
"""
