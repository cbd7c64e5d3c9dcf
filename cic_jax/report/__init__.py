"""Presentation of results: tables, charts, pages and the cards of released models."""
