"""Programs that run the imaging plan, and how statefocus attends them."""
