raise RuntimeError("this module raises when it is imported")
