"""The evolution of contracts: what a change breaks, for whom, and how to make it safely.

Pure functions: two contracts in, findings out. The command line loads contracts and prints findings.
"""
