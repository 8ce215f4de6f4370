import os
from dataclasses import dataclass


@dataclass
class Settings:
    limit: int = 20
    hosts: tuple[str, ...] = ("localhost",)

    @classmethod
    def of_environment(cls) -> "Settings":
        return cls(limit=int(os.environ.get("LIMIT", "20")))


settings = Settings.of_environment()
LIMIT = int(os.environ.get("LIMIT", "20"))
TIMEOUT = float("inf")
