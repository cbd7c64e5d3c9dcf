"""Drawn photographs of vehicles: true colours without a download."""
