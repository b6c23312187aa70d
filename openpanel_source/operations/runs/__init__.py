"""The runs of a sync: when it is time to commit, how one is loaded, and what all of them did."""
