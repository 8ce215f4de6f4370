this is not Python at all (
