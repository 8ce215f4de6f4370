"""What uses names of azure-servicebus that are not public: `connection` says why. `..plain` does without them."""
