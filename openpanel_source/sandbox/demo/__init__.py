"""Made-up sites, their visitors and what these do."""
