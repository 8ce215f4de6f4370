# -*- coding: latin-1 -*-
# café
Name = str
