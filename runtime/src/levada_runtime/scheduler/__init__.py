"""When a stream is due. This floor knows nothing of what a run does."""
