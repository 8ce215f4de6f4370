"""An operation that ends in every way."""

import logging
from types import SimpleNamespace

from boilermaker import AzureServiceBus, Boilermaker, InMemoryServiceBus, retries
from boilermaker.failure import TaskFailureResult

logger = logging.getLogger("sample")


class TemporaryError(Exception): ...


class PermanentError(Exception): ...


class ValidationError(Exception): ...


ERRORS = {error.__name__: error for error in (TemporaryError, PermanentError, ValidationError)}


async def risky_operation(data: str) -> str:
    app_state.tries += 1
    if data in ERRORS:
        raise ERRORS[data]
    return data


app_state = SimpleNamespace(tries=0)
service_bus_client: AzureServiceBus | InMemoryServiceBus  # the test's
worker = Boilermaker(app_state, service_bus_client)

# ---- the sample -------------------------------------------------------------------------------------------

async def robust_task(state, data):
    """Task with proper error handling."""
    try:
        return await risky_operation(data)
    except TemporaryError:
        # Let retry policy handle temporary errors
        raise retries.RetryException("Temporary failure, will retry")
    except PermanentError:
        # Don't retry permanent errors
        return TaskFailureResult
    except ValidationError as e:
        # Log validation errors but don't retry
        logger.warning(f"Validation failed: {e}")
        return TaskFailureResult
