"""A browser opened on an address that holds a secret, without the secret on its command line.

Every user of a machine sees the arguments of every process. So the browser is given a file that only we can read,
which leads it on; Jupyter came to the same way for the same reason.
"""

from __future__ import annotations

import html
import os
import webbrowser
from pathlib import Path

_PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}"><title>newsletter preview</title></head>
<body><a href="{address}">newsletter preview</a></body></html>
"""


def write_signpost(folder: Path, address: str) -> Path:
    """Return a page in the private `folder` that leads to `address`; mode 0600. Raises OSError."""
    path = folder / f"preview-{os.getpid()}.html"
    path.unlink(missing_ok=True)  # of a dead process with our number
    page = _PAGE.format(address=html.escape(address, quote=True)).encode()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(page)
    return path


def open_browser(signpost: Path) -> bool:
    """Open the person's browser; False when there is none."""
    return webbrowser.open(signpost.resolve().as_uri())
