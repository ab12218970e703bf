"""What the API answers, as models built from the register's views."""
