"""Figures: tables in, matplotlib Figures out; saving is the caller's."""
