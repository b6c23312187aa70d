"""The models: tables that syncs keep up to date."""
