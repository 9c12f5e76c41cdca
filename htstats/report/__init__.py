"""Reports on one matrix or on many: numbers, tables, pictures.

`matrix` computes the numbers; `tables` and `pictures` present them:

    matrix    the fit of a matrix and its tests, as plain numbers
    tables    these numbers as text, CSV and JSON
    pictures  the plots of each fit, in files
"""
