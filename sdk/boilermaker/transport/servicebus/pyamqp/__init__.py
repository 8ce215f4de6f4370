"""Code that uses private names of azure-servicebus; `connection` says why. `..plain` is the fallback without them."""
