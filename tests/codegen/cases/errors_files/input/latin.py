# café
Name = str
