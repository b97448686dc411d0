"""Text search over films and pictures, with an encoder pair that knows both."""
