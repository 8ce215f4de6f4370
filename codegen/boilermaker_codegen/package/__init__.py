"""The generated package: contract in, files out. Nothing here depends on source trees."""
