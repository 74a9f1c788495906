"""From a press item to a mail that people receive: content, issue, render, message, delivery."""

__version__ = "0.1.0"
