"""The AMQP 1.0 front of the local bus: sockets, links, management requests. Queue semantics are in `localbus.queue`."""
