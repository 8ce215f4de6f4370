"""After basic_callback_setup.py: method 2."""

# ---- the sample -------------------------------------------------------------------------------------------

# Create tasks and chain them
main = worker.create_task(main_task, "success")
success = worker.create_task(success_handler)

# Use >> for success callbacks
main >> success  # Same as: main.on_success = success

await worker.publish_task(main)
