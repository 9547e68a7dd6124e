"""The features matrix: what the policy says of each construct of the language, a golden file for each Python.

To write the golden file of the Python at hand anew, after a look at every line that changes:
`python -m tests.sandbox.features`.
"""
