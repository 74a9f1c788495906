"""The editors' room: the pages of `newsletter preview`, on which a mail is seen, checked, discussed and approved.

premises (what the room is given) → desk (one issue on the table, compiled anew as its files change) → frame and panels
(what a page shows of it) → app (the table of addresses), all behind guard (who may ask at all).
"""
