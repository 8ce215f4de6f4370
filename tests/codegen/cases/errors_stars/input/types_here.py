class Kind: ...


Size = int
Colour = str
