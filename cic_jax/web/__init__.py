"""The page: a photograph is dropped on it, coloured and saved again.

`server` listens, `app` answers, `guard` refuses requests from other sites, `queue` computes one
thing at a time, `store` holds photographs for a while, `photograph` computes, `samples` are
photographs to try, `static` runs in the browser. `site` is the page as a folder of static files, in
which `local` colours in the browser, too. The packages needed for serving are those of the extra
`web`; in the rest of the library only commands and the benchmark know the page.
"""
