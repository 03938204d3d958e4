"""A simulated Zoom: meetings, users and its sign-in."""
