"""The BIDS dataset, as a pure reader of the journal: it can be made again at any time."""

from experiment.bids.export import export_journals, export_session, subject_label

__all__ = ["export_journals", "export_session", "subject_label"]
