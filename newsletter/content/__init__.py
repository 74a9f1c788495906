"""News items: files in (`load.py`), `NewsItem` records out (`item.py`).

Nothing is imported here: who only holds a record must not wait for the rules' patterns, half a second of them.
"""
