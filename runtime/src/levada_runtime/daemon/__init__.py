"""The composition root: the only place that builds everything, for a command, for a worker and for the daemon."""
