"""The HTTP API: JSON in, JSON out, errors as application/problem+json."""
