"""The page: a photograph is dropped on it, coloured, and taken home.

`server` listens, `app` answers, `guard` turns strangers away, `queue` computes one thing at a time,
`store` holds photographs for a while, `photograph` computes, `static` is what the browser runs. Its
packages come with the extra `web`; no other part of the library imports this one.
"""
