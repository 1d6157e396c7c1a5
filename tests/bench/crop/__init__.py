"""`bin/bench crop` and `bin/bench files`: crops beside other croppers, files beside a bare resize.

README.md says what is measured; set.json holds the pictures' sources and boxes.
"""
