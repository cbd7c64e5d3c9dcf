"""How results are shown: tables, charts, pages and the cards of released models."""
