"""What a viewer has at the moment: results, settings and jobs."""
