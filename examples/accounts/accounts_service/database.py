"""The service's database: SQLite, through SQLAlchemy. Producers do not use it."""

from sqlalchemy import Engine, String, UniqueConstraint, create_engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class DuplicateEmailError(Exception):
    """A user with this address already exists."""


class Base(DeclarativeBase):
    """The base class of the tables."""


class User(Base):
    """A user account."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("email"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str]
    plan: Mapped[str]
    welcomed: Mapped[int] = mapped_column(default=0)


class Record(Base):
    """One record of the data pipeline."""

    __tablename__ = "records"
    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str]
    subject: Mapped[str]
    size: Mapped[int]


class Event(Base):
    """An event, counted for the summary of the demo."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]


class Database:
    """The queries that the tasks need."""

    def __init__(self, path: str) -> None:
        self._engine: Engine = create_engine(f"sqlite:///{path}")
        Base.metadata.create_all(self._engine)

    def create_user(self, email: str, name: str, plan: str) -> int:
        """Insert a user and return its id; raises DuplicateEmailError."""
        with Session(self._engine) as session:
            user = User(email=email, name=name, plan=plan)
            session.add(user)
            try:
                session.commit()
            except IntegrityError:
                raise DuplicateEmailError from None
            return user.id

    def welcome(self, user_id: int) -> None:
        """Record that a user was welcomed."""
        with Session(self._engine) as session:
            session.get_one(User, user_id).welcomed += 1
            session.commit()

    def save_records(self, job_id: str, records: list[tuple[str, int]]) -> None:
        """Replace the records of a job, so that the task is idempotent."""
        with Session(self._engine) as session:
            for old in session.scalars(select(Record).where(Record.job_id == job_id)):
                session.delete(old)
            session.add_all(Record(job_id=job_id, subject=subject, size=size) for subject, size in records)
            session.commit()

    def note(self, kind: str) -> None:
        """Record an event."""
        with Session(self._engine) as session:
            session.add(Event(kind=kind))
            session.commit()

    def counts(self) -> dict[str, int]:
        """Counts of events, users and records."""
        with Session(self._engine) as session:
            rows = session.execute(select(Event.kind, func.count()).group_by(Event.kind)).tuples()
            counted = dict(rows.all())
            counted["users"] = session.scalar(select(func.count()).select_from(User)) or 0
            counted["users welcomed"] = session.scalar(select(func.count()).where(User.welcomed > 0)) or 0
            counted["records"] = session.scalar(select(func.count()).select_from(Record)) or 0
            return counted
