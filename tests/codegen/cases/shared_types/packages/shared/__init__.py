from .ids import UserId as UserId
