"""Who makes a campaign happen? Fetching, speech, local mode and the command line."""

import cliptask_renderer  # noqa: F401  which has pydantic start faster, before its first model
