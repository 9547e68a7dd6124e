"""Who may do what: organisations, bearer keys, connections with their settings and secrets."""
