"""The service's source: which files, what is in them, what their names mean. Nothing here knows of tasks."""
