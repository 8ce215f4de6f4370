Metre = float
