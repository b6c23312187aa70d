"""A second opinion: every value of a day, asked for and compared without the code that loads."""
