"""What does an installation decide of the gateway? Settings of ``cliptask gateway``, from the environment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from cliptask_operator.settings.environment import Settings, read
from cliptask_operator.settings.operator import Bucket


class GatewaySettings(Settings):
    """Each field is read from ``CLIPTASK_<NAME>``."""

    gateway_token: SecretStr = Field(
        min_length=20, description="What requests carry as a bearer token; at least 20 characters."
    )
    gateway_namespace: str = Field(
        pattern="^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", description="Where the ClipTasks are created."
    )
    gateway_output_uri: Bucket = Field(
        description="Where the videos go: each request's into a folder of its own below, gs://campaigns/videos."
    )
    gateway_port: int = Field(default=8000, ge=1, le=65_535, description="Where it listens.")
    gateway_max_body_bytes: int = Field(
        default=1 << 20, ge=1024, description="The largest request, in bytes."
    )
    gateway_requests_per_minute: float = Field(
        default=300, gt=0, description="Requests answered in a minute; more are told to come again."
    )
    listen_address: str = Field(default="0.0.0.0", description="Where it listens.")  # noqa: S104  a pod's own
    cache_uri: Bucket | None = Field(
        default=None, description="The operator's cache, if all tasks share one: the voices are kept there."
    )
    log_format: Literal["json", "text"] = Field(default="json", description="How log lines are written.")


def gateway_settings_from_environment() -> GatewaySettings:
    """Read the settings. Raises ``SetupError`` that names each variable with a bad value."""
    return read(GatewaySettings)
