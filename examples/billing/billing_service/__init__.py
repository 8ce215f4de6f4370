"""The billing service of the examples."""
