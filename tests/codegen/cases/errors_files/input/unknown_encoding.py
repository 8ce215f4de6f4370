# -*- coding: nonsense -*-
from app import worker
task = worker.task
