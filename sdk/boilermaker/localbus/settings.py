"""Settings of a queue, validated by Service Bus's rules."""

import re
from dataclasses import dataclass
from datetime import timedelta

from boilermaker.localbus.messages import MAX_BATCH_BYTES

# Queue names: "1 to 260; alphanumerics, periods, hyphens, underscores, and slashes; start and end with alphanumeric"
# (Azure resource naming rules, Microsoft.ServiceBus/namespaces/queues).
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,258}[A-Za-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class QueueSettings:
    """Settings of a queue, fixed when it is created.

    Attributes:
        name: 1 to 260 letters, digits, `.`, `-`, `_`, `/`; starts and ends with a letter or digit; not case-sensitive.
        lock_duration: how long a received message is locked; more than 0, at most 5 minutes.
        max_delivery_count: deliveries before a message is dead-lettered; 1 to 2,000.
        duplicate_detection_window: 20 seconds to 7 days; None switches detection off.
        default_time_to_live: for messages without a time to live, and the maximum for others; None for no expiration.
        dead_letter_on_expiration: expired messages are dead-lettered; otherwise they are deleted.
        requires_session: the local bus rejects receivers of such a queue: Boilermaker does not use sessions.
        partitioned: with duplicate detection, such a queue rejects batches of messages with different ids.
        max_message_size: bytes, including all properties; 256 KB as on the Standard tier.

    Raises:
        ValueError: a name or number that Service Bus would reject.
    """

    name: str
    lock_duration: timedelta = timedelta(seconds=60)
    max_delivery_count: int = 10
    duplicate_detection_window: timedelta | None = timedelta(minutes=10)
    default_time_to_live: timedelta | None = None
    dead_letter_on_expiration: bool = True
    requires_session: bool = False
    partitioned: bool = False
    max_message_size: int = 256 * 1024

    @property
    def takes_one_id(self) -> bool:
        """Whether all messages of one batch must have the same id, because it selects the partition."""
        return self.partitioned and self.duplicate_detection_window is not None

    @property
    def max_batch_size(self) -> int:
        """Maximum bytes of all messages of one batch: at most 1 MB, even if one message may be larger."""
        return min(self.max_message_size, MAX_BATCH_BYTES)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"{self.name!r} is not a valid queue name: use 1 to 260 letters, digits, periods, hyphens, underscores and "
                "slashes, starting and ending with a letter or digit"
            )
        if not timedelta(0) < self.lock_duration <= timedelta(minutes=5):
            raise ValueError(f"{self.name}: the lock duration must be more than 0 and at most 5 minutes")
        if not 1 <= self.max_delivery_count <= 2000:
            raise ValueError(f"{self.name}: the maximum delivery count must be 1 to 2,000")
        window = self.duplicate_detection_window
        if window is not None and not timedelta(seconds=20) <= window <= timedelta(days=7):
            raise ValueError(f"{self.name}: the duplicate detection window must be 20 seconds to 7 days")
        ttl = self.default_time_to_live
        if ttl is not None and ttl <= timedelta(0):
            raise ValueError(f"{self.name}: the time to live must be more than 0")
        if not self.max_message_size >= 1024:  # rejects NaN too
            raise ValueError(f"{self.name}: the maximum message size must be at least 1 KB")
