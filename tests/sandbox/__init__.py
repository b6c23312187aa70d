"""The sandbox answers like OpenPanel."""
