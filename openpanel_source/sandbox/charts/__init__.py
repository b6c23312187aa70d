"""Charts of the sandbox, as each generation of servers draws them."""
