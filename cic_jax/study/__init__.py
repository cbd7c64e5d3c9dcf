"""The reproduction: the study's models, its claims tested one by one, its mistakes repeated.

`published` holds the study as data and `claims` its observations. experiments/reproduce.py then
uses, in order: `sample` and `runs` to set the runs up, `plan` to fit them into a time, `score` and
`summary` to score them and judge the claims, `report` and `files` to write the results.
"""
