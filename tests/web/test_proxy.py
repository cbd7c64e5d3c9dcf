"""The page takes what the proxy of docs/serving.md sends it from visitors, and no more."""

import re

import pytest
from commands import ROOT
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from cic_jax.web.guard import Guard

CONFIG = (ROOT / "docs/serving.md").read_text()
(NAME,) = re.findall(r"cic-jax serve --name=(\S+)", CONFIG)
(HOST,) = re.findall(r"proxy_set_header +Host (\S+);", CONFIG)


@pytest.mark.parametrize(
    ("origin", "site", "taken"),
    [
        ("https://colour.example.org", "same-origin", True),
        (None, "none", True),
        ("https://other.example.org", "cross-site", False),
        ("https://other.example.org", "same-origin", False),
        ("https://colour.example.org", "cross-site", False),
    ],
)
def test_the_page_takes_what_its_proxy_sends(origin, site, taken):
    asked_for = re.findall(r"server_name (\S+);", CONFIG)
    headers = {"host": HOST.replace("$host", *asked_for), "sec-fetch-site": site}
    if origin is not None:
        headers["origin"] = origin
    guard = Guard(PlainTextResponse("page"), ["127.0.0.1", NAME])
    refusal = guard._refusal("/photos", Headers(headers))
    assert (refusal is None) == taken
