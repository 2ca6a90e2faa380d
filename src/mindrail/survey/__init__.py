"""What is in a corpus that a guard has scanned, as far as its decisions and a few honest tests can tell.

`mindrail.recipes.survey` brings the parts together; each of them is a function of arrays or of the scan's rows.
"""
