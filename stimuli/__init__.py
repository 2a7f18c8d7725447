"""What the participant sees: portraits of the clinicians and the texts in each language."""
