"""A service that asks the name server NAME_SERVER, as on a machine with it in /etc/resolv.conf.

`python -m tests.attack.service gateway` runs `services.gateway`.
"""

import os
import runpy
import sys

from shared.callbacks.lookup import resolve

if __name__ == "__main__":
    resolve.__defaults__ = ([os.environ["NAME_SERVER"]],)
    runpy.run_module(f"services.{sys.argv[1]}", run_name="__main__")
