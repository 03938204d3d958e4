"""A simulated Google: Calendar v3, its batch endpoint and its sign-in."""
