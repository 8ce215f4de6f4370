"""What a worker knows of its tasks: registrations, their options, the registry, upcasts and the history of contracts."""
