"""Renders the clinicians' portraits; runs in its own environment, `.venv-portraits`."""
