import boilermaker as bm

worker: "bm.Boilermaker[object]" = bm.Boilermaker(object(), bm.InMemoryServiceBus(), queue="packages")
