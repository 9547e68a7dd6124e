"""Which connectors there are, found without importing any of them, and what their manifests say."""
