"""What tests share; nothing here is collected."""
