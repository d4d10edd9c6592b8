"""What the service is measured against: see README.md in this folder."""
