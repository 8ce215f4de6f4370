"""The generated package: contract in, files out. Nothing here knows of source trees."""
