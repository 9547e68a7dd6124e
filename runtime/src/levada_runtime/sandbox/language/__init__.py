"""The Python a connector may be written in: compiled under the policy, loaded with façades for modules."""
