"""References, conditions and templates: read once when a pipeline is loaded, evaluated for each event.

Nothing here is ever put together as text and read again: a value of an event is a leaf of a tree that was finished
before the event came, so no value can change the shape of what is sent or of what is asked.
"""
