"""Reports: one page of HTML on one or several runs, made from what they have recorded."""
