"""Registrations: what is a worker, what it registers, and each handler's signature."""
