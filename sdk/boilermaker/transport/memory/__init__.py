"""A bus in memory, for unit tests: `bus.InMemoryServiceBus` and its parts. Queue semantics are those of `localbus`."""
