"""Fault injection for LLM agents."""
