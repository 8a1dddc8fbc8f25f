"""Exports of trained games: files that other programs load, and the card that describes them."""
