"""A day of songs, simulated: how many workers an autoscaler keeps, how long songs wait, and what that costs."""
