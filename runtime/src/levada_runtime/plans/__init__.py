"""What would happen, as a value: the plan that an observed run ends in."""
