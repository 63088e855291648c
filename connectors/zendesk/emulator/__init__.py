"""A Zendesk to develop against: one Flask app with its state in memory.

``Emulator`` serves it on a loopback port, ``create_app`` gives the bare app for use in process,
``fill`` puts a make-believe company into it.
"""

from .app import create_app
from .delivery import Deliverer
from .faults import Fault, FaultKind, Faults
from .fill import fill
from .limits import Limits
from .options import Options
from .people import People
from .server import Credentials, Emulator, serve
from .state import State, WorldIds

__all__ = [
    "Credentials",
    "Deliverer",
    "Emulator",
    "Fault",
    "FaultKind",
    "Faults",
    "Limits",
    "Options",
    "People",
    "State",
    "WorldIds",
    "create_app",
    "fill",
    "serve",
]
