"""The page: a photograph is dropped on it, coloured, and taken home.

`command` starts it, `server` listens, `app` answers, `guard` turns strangers away, `queue` computes
one thing at a time, `store` holds photographs for a while, `photograph` computes, `samples` come
with it, `static` is what the browser runs. Its packages are those of the extra `web`; of the rest
of the library only the command knows it.
"""
