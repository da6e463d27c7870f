"""The agent of most tests, whose program logs all it can."""

import importlib
import logging

agent = importlib.import_module("desk").agent

logging.getLogger().setLevel(logging.INFO)
logging.getLogger("offhook").setLevel(logging.DEBUG)
