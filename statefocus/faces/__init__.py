"""What people watch and read: progress, tables, plots."""
