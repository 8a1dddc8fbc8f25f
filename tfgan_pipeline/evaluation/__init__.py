"""Scores of runs and of folders of images, and tables that compare the scores."""
