"""Registrations: which objects are workers, what they register, and each handler's signature."""
