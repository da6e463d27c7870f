"""``python -m offhook``."""

from offhook.cli.main import run

run()
