"""Command lines of the stages, numbered in the order of the data flow."""
