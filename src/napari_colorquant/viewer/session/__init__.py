"""What a viewer has at the moment: choices, results, what is possible, and jobs."""
