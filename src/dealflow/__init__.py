"""DealFlow: reads the chat of live sales and keeps a fair ledger of who claimed what."""

__version__ = "0.1.0"
