"""List again, a little each night, the ids of days that were proven longest ago."""
