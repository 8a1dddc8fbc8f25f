"""Series of numbers in time as data: readers of arrays and tables, and their dataset."""
