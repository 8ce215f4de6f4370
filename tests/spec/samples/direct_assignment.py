"""After basic_callback_setup.py: method 1."""

# ---- the sample -------------------------------------------------------------------------------------------

# Create task instances
main = worker.create_task(main_task, "success")
success = worker.create_task(success_handler)
failure = worker.create_task(failure_handler)

# Set up callbacks
main.on_success = success
main.on_failure = failure

# Publish the main task
await worker.publish_task(main)
