"""What every floor stands on: errors, clock, ids, configuration, logging and cryptography."""
