"""A real server of a real (and very small) model: llama.cpp's own, on a loopback port that it chooses.

usage: python llama_server.py MODEL.gguf      prints its address on a line, and serves until stdin is closed
"""

from __future__ import annotations

import sys

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
params.port = 0
params.n_ctx = 4096
params.n_parallel = 2
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.warmup = False
params.use_jinja = True
server = xllamacpp.Server(params)
print(f"listening {server.listening_address}", flush=True)
sys.stdin.read()
