"""What the product knows and decides; no storage, no network, no clock."""
