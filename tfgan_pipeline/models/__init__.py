"""Games: their networks, losses and samples; the noise and the tasks that they share."""
