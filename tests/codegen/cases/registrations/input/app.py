from boilermaker import Boilermaker, InMemoryServiceBus

worker: Boilermaker[object] = Boilermaker(object(), InMemoryServiceBus(), queue="registrations")
task = worker.task
