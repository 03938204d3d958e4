"""What is measured, and against what: `python -m benchmarks [row …] [--quick] [--json FILE]`.

Absolute numbers on shared machines mean little, so every row is a ratio of two things run side by side: ours,
and the smallest honest program that does that step and nothing else (or the same step elsewhere).
"""
