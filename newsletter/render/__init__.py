"""Issue → CompiledIssue: `compile.py` is the list of steps, `compiled.py` their result.

Nothing is imported here: whoever sends needs the result alone, and the steps cost half a second to load.
"""
