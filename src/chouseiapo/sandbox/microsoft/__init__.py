"""A simulated Microsoft: Graph's calendar and the sign-in that msal talks to."""
