"""Audit and replay the event streams of agent runtimes."""
