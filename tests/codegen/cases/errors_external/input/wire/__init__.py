"""A package with an extension module and what protobuf makes."""
