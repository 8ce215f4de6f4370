"""What connects the work of one process with that of others, for those who look at it: trace context."""
