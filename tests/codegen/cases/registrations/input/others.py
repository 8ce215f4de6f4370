"""Methods that are called `task` and are none of ours."""

import celery
from celery import shared_task


class Own:
    def task(self, function):
        return function


celery_app = celery.Celery()
own = Own()


@celery_app.task
def sync_task(x): ...


@own.task
async def own_task(x): ...


@shared_task
def shared(x): ...


def setup(app):
    @app.task
    def inner(x): ...


class Runner:
    def run(self):
        return self.task


task = 1


import faust
import prefect
from invoke import task as invoked


def make_app():
    return faust.App("x")


app = make_app()


@app.task
async def faust_task(x): ...


@invoked
async def invoke_task(c): ...


@prefect.task(retries=3)
async def prefect_task(x): ...


@celery_app.task(bind=True)
async def bound(self, x): ...
