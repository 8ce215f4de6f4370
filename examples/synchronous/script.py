"""A script that publishes without an event loop."""

import sys

import accounts_stubs as accounts

from boilermaker import SyncClient


def main(addresses: list[str]) -> None:
    """Register each address; the client disconnects at the end."""
    with SyncClient.from_env() as publisher:
        ids = publisher.publish_many(accounts.create_user(email=each, name=each) for each in addresses)
    print(f"published {len(ids)} workflows")


if __name__ == "__main__":
    main(sys.argv[1:])
