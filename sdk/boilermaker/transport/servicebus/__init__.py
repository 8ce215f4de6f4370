"""Azure Service Bus, and whatever speaks its AMQP. The only room that imports azure, and only when a link is opened."""
