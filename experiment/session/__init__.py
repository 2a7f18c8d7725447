"""A session around its runs: prepared, opened, led through, and finished."""
