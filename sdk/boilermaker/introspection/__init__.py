"""Live Python in the words of the contract: types, classes, defaults and signatures, read at run time.

The generator finds the same words in source text. Two sources on purpose: a test, and `boilermaker contract verify`, hold
them equal. Stubs do without this package.
"""
