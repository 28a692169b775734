"""Simulated days of songs: how many workers the autoscaler keeps, how long songs wait, and what that costs."""
