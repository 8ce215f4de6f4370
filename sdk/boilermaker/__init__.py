"""Background work on Azure Service Bus, typed from end to end."""
