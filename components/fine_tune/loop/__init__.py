"""The training loop: what every kind of network is trained by."""
