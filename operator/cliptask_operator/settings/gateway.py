"""What does an installation decide of the gateway? Settings of ``cliptask gateway``, from the environment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from cliptask.errors import SetupError
from cliptask_operator.secret_file import read_secret
from cliptask_operator.settings.environment import Settings, of_form
from cliptask_operator.settings.operator import GET_ACCOUNT, Bucket
from cliptask_operator.speech.settings import SpeechSettings

_LEAST_TOKEN = 20
"""Characters."""


class GatewaySettings(Settings):
    """Each field is read from ``CLIPTASK_<NAME>``."""

    gateway_token: SecretStr | None = None
    """What requests carry as a bearer token; at least 20 characters."""
    gateway_token_file: Path | None = None
    """A file with the token, read anew for each request: it may be replaced at any time."""
    gateway_namespace: Annotated[
        str,
        of_form("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "must be a namespace, such as marketing"),
    ]
    """Where the ClipTasks are created."""
    gateway_output_uri: Bucket
    """Where the videos go: each request's into a folder of its own below, gs://campaigns/videos."""
    gateway_port: int = Field(8000, ge=1, le=65_535)
    """Where it listens."""
    gateway_max_body_bytes: int = Field(1 << 20, ge=1024)
    """The largest request, in bytes."""
    gateway_requests_per_minute: float = Field(300, gt=0)
    """Requests answered in a minute; more are told to come again."""
    listen_address: str = "0.0.0.0"  # noqa: S104  a pod's own
    """Where it listens."""
    cache_uri: Bucket | None = None
    """The operator's cache, if all tasks share one: the voices are kept there."""
    log_format: Literal["json", "text"] = "json"
    """How log lines are written."""

    @property
    def speaking(self) -> SpeechSettings:
        """Of the account whose voices are asked for."""
        return replace(super().speaking, get_account=GET_ACCOUNT)

    def token(self) -> str:
        """The token as it is now. Raises ``SetupError`` where there is none that keeps anybody out."""
        token = self.gateway_token.get_secret_value() if self.gateway_token else ""
        if self.gateway_token_file is not None:
            token = read_secret(self.gateway_token_file)
        if len(token) < _LEAST_TOKEN:
            message = (
                f"CLIPTASK_GATEWAY_TOKEN, or the file that CLIPTASK_GATEWAY_TOKEN_FILE names, must hold a token of "
                f"{_LEAST_TOKEN} characters or more"
            )
            raise SetupError(message)
        return token
