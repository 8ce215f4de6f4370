"""No task is registered here."""
