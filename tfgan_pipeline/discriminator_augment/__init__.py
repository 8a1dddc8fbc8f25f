"""Changes that images undergo before the discriminator sees them."""
