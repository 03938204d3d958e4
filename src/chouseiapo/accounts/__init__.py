"""Who may come in, and which outside accounts may be used: sign-in, tokens, keys, guest links."""
