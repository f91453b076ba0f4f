"""The images of the components, and the lock of their digests."""
