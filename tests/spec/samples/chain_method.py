"""After basic_callback_setup.py: the chain method, the page's slips put right and its ellipsis filled in."""

# ---- the sample -------------------------------------------------------------------------------------------

from boilermaker import Task
# Create tasks with bound args/kwargs and chain them
workflow = worker.chain(
    Task.si(main_task, "success"),
    Task.si(success_handler),
    on_failure=Task.si(failure_handler)
)
await worker.publish_task(workflow)
