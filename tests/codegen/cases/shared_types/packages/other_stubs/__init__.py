from .models import Address as Address
