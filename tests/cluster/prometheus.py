"""How do tests ask Prometheus? Debian's, as a process of their own on a free port, that watches one operator by the chart's rules."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Self

import yaml

from cluster.images import CHECKOUT
from cluster.processes import Program, answers, free_port

PACKAGES = {"prometheus": "promtool"}
"""Of Debian, and a program of it; its service runs only where systemd does, and is not used."""
ALERTS = CHECKOUT / "charts" / "cliptask" / "files" / "alerts.yaml"
DASHBOARD = CHECKOUT / "charts" / "cliptask" / "files" / "dashboard.json"

_DURATION = re.compile(r"(?<=for: )\w+|\[[^\]]+\]")


def names_in(expression: str) -> set[str]:
    """Metrics that an expression asks for."""
    return set(re.findall(r"\b(?:cliptask|process)_\w+", expression))


def alerts() -> dict[str, str]:
    """The expression of each alert, by its name."""
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    return {rule["alert"]: rule["expr"] for rule in group["rules"]}


def hastened(rules: str, minute_s: int) -> str:
    """The same rules on a clock on which a minute takes so many seconds: windows, steps and ``for``, nothing else."""

    def shorter(match: re.Match[str]) -> str:
        minutes = re.sub(r"(\d+)h", lambda hours: f"{60 * int(hours[1])}m", match[0])
        return re.sub(r"(\d+)m", lambda found: f"{minute_s * int(found[1])}s", minutes)

    return _DURATION.sub(shorter, rules)


class Prometheus:
    """Scrapes one port of loopback and evaluates the chart's alerts, on a clock of which a minute takes ``minute_s`` seconds."""

    def __init__(self, folder: Path, target: int, minute_s: int = 1) -> None:
        folder.mkdir()
        self._folder = folder
        self._url = f"http://127.0.0.1:{free_port()}"
        (folder / "alerts.yaml").write_text(hastened(ALERTS.read_text(), minute_s))
        # As often in a window as in a cluster, or less.
        interval = f"{max(1, minute_s // 2)}s"
        labels = {"namespace": "operators", "pod": "cliptask-0"}
        settings = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": "1s"},
            "rule_files": ["alerts.yaml"],
            "scrape_configs": [
                {
                    "job_name": "any",
                    "static_configs": [{"targets": [f"127.0.0.1:{target}"], "labels": labels}],
                }
            ],
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(settings))

    def __enter__(self) -> Self:
        self._program = Program(
            "prometheus",
            [
                "prometheus", f"--config.file={self._folder / 'prometheus.yaml'}", "--log.level=warn",
                f"--storage.tsdb.path={self._folder / 'data'}",
                f"--web.listen-address={self._url.removeprefix('http://')}",
            ],
            self._folder / "prometheus.log",
        )  # fmt: skip
        try:
            self._program.wait_until(self._is_ready)
        except BaseException:
            self._program.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._program.end()

    def query(self, expression: str) -> list[float]:
        """The values of an expression now, those that are none (NaN) left out. Raises HTTPError where it cannot be answered."""
        found = self._ask("query", query=expression)["result"]
        values = [float(each["value"][1]) for each in found]
        return [value for value in values if value == value]  # noqa: PLR0124  NaN differs from itself

    def firing(self) -> set[str]:
        """Names of the alerts that go off."""
        found = self._ask("alerts")["alerts"]
        return {each["labels"]["alertname"] for each in found if each["state"] == "firing"}

    def _ask(self, what: str, **query: str) -> dict[str, Any]:
        url = f"{self._url}/api/v1/{what}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  our own loopback server
            found: dict[str, Any] = json.load(answer)["data"]
            return found

    def _is_ready(self) -> bool:
        return answers(f"{self._url}/-/ready")
