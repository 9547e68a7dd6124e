"""The only way out of the wall: HTTP made by the host, to the hosts a connector declares, on the `outbound` client."""
