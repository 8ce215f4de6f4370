__all__ = []
__all__.append("Circle")

Circle = tuple[float, float, float]
Scale = str
