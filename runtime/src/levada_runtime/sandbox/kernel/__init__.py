"""What the kernel holds: the layers a child locks itself in with, its memory group, its processor clock."""
