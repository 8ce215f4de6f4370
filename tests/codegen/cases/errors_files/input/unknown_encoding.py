# -*- coding: nonsense -*-
from app import worker
task = 1
