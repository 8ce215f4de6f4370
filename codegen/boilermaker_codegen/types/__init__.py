"""Types and values of the contract, read from source, and checks of them as msgspec sees them."""
