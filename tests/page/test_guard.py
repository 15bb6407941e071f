"""Nobody but the page itself, with its token, is answered by the page's server."""

from __future__ import annotations

import pytest

from geartrain.page.serving import HOST, Server
from tests.page.pages import Asker, served, workshop


@pytest.fixture(scope="module")
def ask():
    with served(workshop()) as asker:
        yield asker


def test_the_page_itself_is_answered(ask):
    assert ask("/api/data/describe")[0].status == 200
    assert (
        ask("/api/data/describe", Origin=f"http://{ask.host}", Sec_Fetch_Site="same-origin")[
            0
        ].status
        == 200
    )
    assert ask("/", Authorization=None)[0].status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": None},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer \xe9"},
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=lambda headers: "-".join(f"{k}={v!a}" for k, v in headers.items()),
)
@pytest.mark.parametrize("path", ["/api/data/describe", "/api/events", "/api/train/steer"])
def test_others_are_refused(ask, path, headers):
    body = {"to": "pause"} if path.endswith("steer") else None
    answer, text = ask(path, body, **headers)
    assert answer.status == 403
    assert b"expected" in text or b"may not ask" in text


def test_a_wrong_host_does_not_even_get_the_page(ask):
    assert ask("/", Host="evil.example")[0].status == 403


def test_no_other_origin_is_told_that_it_may_read(ask):
    answer, _ = ask("/api/data/describe", method="OPTIONS", Origin="http://evil.example")
    assert answer.status == 403
    for path in ("/", "/api/data/describe"):
        headers = {name.lower() for name, _ in ask(path)[0].getheaders()}
        assert not any(name.startswith("access-control") for name in headers)


def test_the_policy_lets_nothing_in_from_elsewhere(ask):
    policy = ask("/")[0].headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy


def test_files_outside_the_page_are_not_served(ask):
    for path in ("/../app.py", "/%2e%2e/app.py", "/..%2fapp.py", "//etc/passwd"):
        assert ask(path)[0].status in (404, 405)


def test_a_body_that_is_too_long_is_refused_before_it_is_read(ask):
    answer, text = ask("/api/data/upload", None, method="POST", Content_Length=str(2**40))
    assert answer.status == 403
    assert b"MiB" in text


def test_the_address_is_of_this_machine_alone_and_has_a_new_token_each_time():
    with Server(workshop()) as one, Server(workshop()) as other:
        assert one.address.startswith(f"http://{HOST}:")
        first, second = Asker(one), Asker(other)
        assert first.token != second.token
        assert len(first.token) >= 32
        assert second("/api/data/describe", Authorization=f"Bearer {first.token}")[0].status == 403


def test_a_port_that_is_taken_is_named():
    with Server(workshop()) as one:
        port = int(Asker(one).host.rpartition(":")[2])
        with pytest.raises(OSError, match=rf"expected port {port} to be free"):
            Server(workshop(), port)
