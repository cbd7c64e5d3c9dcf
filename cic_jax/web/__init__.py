"""The page: a photograph is dropped on it, coloured and saved again.

`server` listens, `app` answers, `guard` refuses requests from other sites, `queue` computes one
thing at a time, `store` holds photographs for a while, `photograph` computes, `samples` are
photographs to try, `static` runs in the browser. The packages needed are those of the extra `web`;
in the rest of the library only the command `cic-jax serve` knows the page.
"""
