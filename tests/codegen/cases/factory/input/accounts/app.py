import functools

from accounts.wiring import build, deliver


@functools.cache
def make_worker():
    """No annotation says what it gives, and it registers itself."""
    worker = build()
    worker.register_async(deliver, name="post.deliver")
    return worker
