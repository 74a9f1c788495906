"""News items: files in, `NewsItem` records out."""

from __future__ import annotations

from newsletter.content.load import load_feed, load_item, load_items

__all__ = ["load_feed", "load_item", "load_items"]
