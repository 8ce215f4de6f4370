"""Azure Service Bus and compatible AMQP services. The only package that imports azure, when a link is opened."""
