"""Where a bus comes from: connection strings, namespaces, the environment. No connection is opened here."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from boilermaker.errors import ConfigurationError
from boilermaker.transport.servicebus.address import from_connection_string, from_namespace, redact
from boilermaker.transport.servicebus.bus import AzureServiceBus

KEY = "c2VjcmV0LWtleQ=="
FULL = f"Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=worker;SharedAccessKey={KEY};EntityPath=accounts"


def test_a_connection_string_names_host_and_default_queue() -> None:
    """EntityPath is the queue meant where none is named."""
    bus = AzureServiceBus.from_connection_string(FULL)

    assert ("accounts", "<AzureServiceBus shop.servicebus.windows.net queue='accounts'>") == (
        bus.default_queue,
        repr(bus),
    )


def test_a_named_queue_wins_over_the_entity_path() -> None:
    """The caller knows better than the string."""
    assert AzureServiceBus.from_connection_string(FULL, queue="emails").default_queue == "emails"


def test_other_queues_stay_reachable_with_an_entity_path() -> None:
    """The SDK refuses any other queue than EntityPath, so it does not get to see it."""
    address = from_connection_string(FULL)

    assert address.connection_string is not None
    assert "EntityPath" not in address.connection_string
    assert KEY in address.connection_string


def test_names_of_parts_are_read_without_case() -> None:
    """As the SDK and the portal's older strings have them."""
    address = from_connection_string(f"endpoint=sb://h/;SHAREDACCESSKEYNAME=n;sharedaccesskey={KEY}")

    assert address.connection_string == f"Endpoint=sb://h/;SharedAccessKeyName=n;SharedAccessKey={KEY}"


def test_the_emulator_is_recognized_however_true_is_spelled() -> None:
    """The SDK knows `true` only."""
    address = from_connection_string(
        f"Endpoint=sb://localhost:5672;SharedAccessKeyName=n;SharedAccessKey={KEY};UseDevelopmentEmulator=True;"
    )

    assert address.host == "localhost:5672"
    assert (address.connection_string or "").endswith("UseDevelopmentEmulator=true")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "name=value"),
        ("hello", "name=value"),
        (f"SharedAccessKeyName=n;SharedAccessKey={KEY}", "`Endpoint`"),
        (f"Endpoint=shop;SharedAccessKeyName=n;SharedAccessKey={KEY}", "`Endpoint`"),
        (f"Endpoint=sb://not a host/;SharedAccessKeyName=n;SharedAccessKey={KEY}", "`Endpoint`"),
        ("Endpoint=sb://h/", "`SharedAccessKeyName` and `SharedAccessKey`"),
        (f"Endpoint=sb://h/;SharedAccessKey={KEY}", "`SharedAccessKeyName` and `SharedAccessKey`"),
        (f"Endpoint=sb://h/;SharedAccessKeyName=n;SharedAccessKey={KEY};SharedAccessSignature=s", "both"),
    ],
)
def test_a_malformed_connection_string_is_told_apart_by_its_part(text: str, reason: str) -> None:
    """The message names what is wrong and never a value."""
    with pytest.raises(ConfigurationError) as caught:
        AzureServiceBus.from_connection_string(text)

    assert reason in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "shop.servicebus.windows.net",
        "https://shop.servicebus.windows.net/",
        "sb://shop.servicebus.windows.net",
        " https://shop.servicebus.windows.net:443/ ",
    ],
)
def test_a_namespace_may_be_written_as_a_url(text: str) -> None:
    """The portal shows it as https://...:443/, the SDK wants the host."""
    assert from_namespace(text).host == "shop.servicebus.windows.net"


def test_a_namespace_that_is_no_host_is_refused() -> None:
    """Before a connection hangs on it."""
    with pytest.raises(ConfigurationError, match="not a host name"):
        AzureServiceBus("https://shop/queue name", object())


def test_the_environment_may_hold_a_connection_string() -> None:
    """SERVICE_BUS_QUEUE wins over EntityPath."""
    bus = AzureServiceBus.from_env({"SERVICE_BUS_CONNECTION_STRING": FULL, "SERVICE_BUS_QUEUE": "emails"})

    assert bus.default_queue == "emails"


@pytest.mark.parametrize("use", [AzureServiceBus.sender, AzureServiceBus.receiver])
def test_an_empty_environment_is_told_which_variables_to_set(
    use: Callable[[AzureServiceBus, str], object],
) -> None:
    """All of them, with where to find their values; not before somebody wants to connect."""
    bus = AzureServiceBus.from_env({"SERVICE_BUS_QUEUE": "accounts"})
    assert "accounts" == bus.default_queue

    with pytest.raises(ConfigurationError) as caught:
        use(bus, "accounts")

    for variable in ("SERVICE_BUS_CONNECTION_STRING", "SERVICE_BUS_NAMESPACE_URL", "SERVICE_BUS_QUEUE"):
        assert variable in str(caught.value)


def test_two_ways_to_sign_in_are_one_too_many() -> None:
    """Which of them was meant cannot be guessed."""
    with pytest.raises(ConfigurationError, match="both"):
        AzureServiceBus.from_env(
            {
                "SERVICE_BUS_CONNECTION_STRING": FULL,
                "SERVICE_BUS_NAMESPACE_URL": "shop.servicebus.windows.net",
            }
        )


def test_a_namespace_needs_azure_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said when the service starts, with the command to run."""
    monkeypatch.setattr("boilermaker.transport.servicebus.bus.find_spec", lambda _name: None)

    with pytest.raises(ConfigurationError, match=r"pip install 'boilermaker-sdk\[azure\]'"):
        AzureServiceBus.from_env({"SERVICE_BUS_NAMESPACE_URL": "https://shop.servicebus.windows.net"})


def test_keys_and_signatures_are_cut_out_of_texts() -> None:
    """Errors of the SDK may quote what they were given."""
    text = f"bad: {FULL} and SharedAccessSignature=sr=x&sig=abc&se=1\nnext line"

    assert (
        "bad: Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=worker;SharedAccessKey=...;"
        "EntityPath=accounts and SharedAccessSignature=...&sig=...&se=1 next line"
    ) == redact(text)


def test_an_address_does_not_show_its_key() -> None:
    """It may stand in a traceback's message or a debugger's log."""
    assert repr(from_connection_string(FULL)) == "Address('shop.servicebus.windows.net')"


def test_azure_is_not_imported_until_a_connection_is_wanted() -> None:
    """A producer's start-up, and every tool that imports its code, does not pay for it."""
    program = (
        "import sys\n"
        "from boilermaker.transport.servicebus.bus import AzureServiceBus\n"
        f"bus = AzureServiceBus.from_connection_string({FULL!r})\n"
        "early = any(name.startswith('azure') for name in sys.modules)\n"
        "bus.sender('accounts')\n"
        "late = 'azure.servicebus' in sys.modules\n"
        "print(early, late)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "False True\n"
