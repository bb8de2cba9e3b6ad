from __future__ import annotations

import pytest

from cliptask_operator.kubernetes.client import api_address


@pytest.mark.parametrize(
    ("host", "address"), [("10.96.0.1", "https://10.96.0.1:443"), ("fd00::1", "https://[fd00::1]:443")]
)
def test_the_api_is_found_without_names(host: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator would stand still whenever the cluster's DNS does."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")

    assert api_address() == address
