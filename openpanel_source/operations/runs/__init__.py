"""The runs of a sync: how long each may be, how it is loaded, and what all of them did."""
