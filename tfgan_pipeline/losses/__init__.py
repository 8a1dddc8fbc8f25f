"""Adversarial losses, penalties on either player, and distances of reconstructions."""
