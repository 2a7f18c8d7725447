"""Where the checkout lies, on whatever machine."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
