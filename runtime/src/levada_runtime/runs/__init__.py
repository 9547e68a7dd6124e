"""One run from start to finish: the child behind the wall, its pages, its checkpoints, its end."""
