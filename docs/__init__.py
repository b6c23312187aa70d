"""What is made from code for the documentation."""
