"""Stand-ins for packages that people use today."""
