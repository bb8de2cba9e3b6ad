"""How do tests look at a cluster many times a second? Over a connection that stays open: a kubectl for each look is a process.

::

    with Reader(plane.kubeconfig) as reader:
        reader.get("/api/v1/namespaces/default/pods", labelSelector="app=web")["items"]
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self

from kubernetes import config

from cluster.api import Document, Refused

_REQUEST_S = 120


class Reader:
    """GETs by path, one at a time; urllib3's errors pass through. The same requests without waiting for each are ``Api``'s."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client = config.new_client_from_config(str(kubeconfig))

    def get(self, path: str, **query: str) -> Document:
        """Read. Raises Refused."""
        request = self._client.param_serialize(
            "GET", path, query_params=list(query.items()), auth_settings=["BearerToken"]
        )
        answer = self._client.call_api(*request, _request_timeout=_REQUEST_S)
        text = answer.read()
        if answer.status >= 400:
            raise Refused(answer.status, text.decode(errors="replace"))
        parsed: Document = json.loads(text)
        return parsed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.rest_client.pool_manager.clear()
