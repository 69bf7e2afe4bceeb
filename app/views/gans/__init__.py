"""The GANs page."""
