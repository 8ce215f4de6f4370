"""Trace context and log fields: what links log lines and spans of one process to messages and to other processes."""
