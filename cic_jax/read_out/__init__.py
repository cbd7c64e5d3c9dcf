"""From what a network says to the colour of every pixel."""
