"""What is read from the events: ledgers of what should be true outside, and read models for people."""
