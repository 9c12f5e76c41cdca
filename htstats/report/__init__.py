"""Reports on one matrix or on many: numbers, tables, pictures.

The numbers come first; the other two show them:

    matrix    the fit of a matrix with its tests as plain numbers
    tables    such numbers as text, CSV and JSON
    pictures  the plots of each fit, in files
"""
