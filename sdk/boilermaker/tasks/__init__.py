"""What a worker knows about its tasks: registrations, their options, the registry, upcasts and the history of contracts.

Handlers' signatures are read in `introspection`, tasks are run in `worker`.
"""
