from google.protobuf.internal import builder

DESCRIPTOR = object()
builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, "user_pb2", globals())
