"""The evolution of contracts: what a change breaks, for whom, and how to make it without breaking.

Pure: two contracts in, findings out. Where contracts come from and how findings are shown is the command line's affair.
"""
