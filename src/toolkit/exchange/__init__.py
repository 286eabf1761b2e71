"""Exchange: instruments, responses and studies in forms that others read."""
