"""Chats from outside, each a session of its own."""
