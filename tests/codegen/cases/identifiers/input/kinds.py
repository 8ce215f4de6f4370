Größe = int
key = str
