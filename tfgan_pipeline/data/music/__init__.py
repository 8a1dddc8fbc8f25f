"""Melodies as data: readers of ABC and MusicXML, and the dataset of their phrases."""
