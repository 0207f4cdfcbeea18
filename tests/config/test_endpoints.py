import pytest

from openclaw_extproc.config.findings import Finding
from openclaw_extproc.config.providers.endpoints import Endpoint, endpoint


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.example.com", Endpoint("https", "api.example.com", 443, "")),
        ("http://10.0.0.1/", Endpoint("http", "10.0.0.1", 80, "")),
        ("HTTP://Local_Host:8080/v1/", Endpoint("http", "local_host", 8080, "/v1")),
        ("https://[::1]:9/a/b", Endpoint("https", "::1", 9, "/a/b")),
    ],
)
def test_a_url_is_taken_apart(url: str, expected: Endpoint) -> None:
    assert endpoint(url, "x") == expected


@pytest.mark.parametrize(
    ("url", "finding"),
    [
        ("api.example.com", "does not begin with http"),
        ("ftp://example.com", "does not begin with http"),
        ("https://", "names no host"),
        ("https:///v1", "names no host"),
        ("https://a b", "names no host"),
        ("https://me:hunter2@example.com", "has a user name or a password"),
        ("https://@example.com", "has a user name or a password"),
        ("https://example.com:99999", "is not a URL, or its port is none"),
        ("https://example.com:x", "is not a URL, or its port is none"),
        ("https://[::1", "is not a URL, or its port is none"),
        ("https://example.com:0", "has port 0"),
        ("https://example.com?key=hunter2", "has a query"),
        ("https://example.com#x", "has a query"),
        ("https://example.com/a b", "has a path that no URL can have"),
        ("https://example.com/v1/chat/completions", "contains the path"),
    ],
)
def test_what_is_wrong_with_a_url_is_said_without_it(url: str, finding: str) -> None:
    found = endpoint(url, "a.endpoint")

    assert isinstance(found, Finding)
    assert found.finding.startswith(finding)
    assert found.path == "a.endpoint"
    assert found.remedy
    assert "hunter2" not in str(found)
