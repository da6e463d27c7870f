"""Every provider with every fault, each on a call: ``offhook providers faults``.

The agents, the clients and the sockets are real, and so is the time. Simulated are the vendors, by their stand-ins
(:mod:`offhook.testing.providers`), which hear what they are told to and speak in tones, and the telephone line.
"""
