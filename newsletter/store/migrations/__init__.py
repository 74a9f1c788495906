"""The schema's history, one file per revision in `versions/`, run by Alembic from inside the program."""
