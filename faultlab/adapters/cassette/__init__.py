"""Cassettes of vcrpy: read from files as values, and written from real traffic, without what is secret in it.

The only home of `vcr`, which is imported when the first cassette is read or written.
"""
