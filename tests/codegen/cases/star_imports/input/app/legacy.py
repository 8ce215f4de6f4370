from app.orders import *
