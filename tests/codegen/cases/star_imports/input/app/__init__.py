from app.models import *
from app.kinds import Kind
