"""Events to actions to destinations, and the deliveries that follow."""
