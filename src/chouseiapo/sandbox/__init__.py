"""Simulated Google, Microsoft, Zoom and a mailbox: real servers on loopback for the demo and for tests.

They refuse what the vendors refuse, and fail on request; what they imitate is in the vendors' documents.
Nothing of chouseiapo is imported here: the sandbox stands in for the outside.
"""

from chouseiapo.sandbox.people import DEMO_PEOPLE, Person
from chouseiapo.sandbox.sandbox import Sandbox

__all__ = ["DEMO_PEOPLE", "Person", "Sandbox"]
