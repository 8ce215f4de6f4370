"""Workflows as values: tasks, chains, references between them, and the plan that they are flattened to.

Not here: bytes (`payload`, `envelope`), publishing (`client`) and execution (`worker`).
"""
