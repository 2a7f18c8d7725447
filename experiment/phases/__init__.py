"""Kinds of phase: how each looks, and what it does.

A new kind is a model in `conditions.phases` (what a study file may say) and a builder here (the
scene and, if it does something, an action), entered in `registry.BUILDERS`.
"""
