from __future__ import annotations

import signal

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["support.emulators"]

# How long an example takes is the machine's affair: no test is about time.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# A shell has what it starts in the background ignore Ctrl+C, and so would every program that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_NODE = "the node and the images that run on it"
_ONE_WORKER = {
    "cluster/test_argocd.py": "Argo CD",
    "cluster/test_chart_schemas.py": "the schemas of a cluster",
    "cluster/test_e2e.py": _NODE,
    "cluster/test_e2e_rules.py": _NODE,
    "cluster/test_e2e_whole.py": _NODE,
    "cluster/test_flux.py": "Flux",
    "cluster/test_images.py": _NODE,
    "cluster/test_kueue.py": "a control plane with Kueue",
    "cluster/test_network_policies.py": _NODE,
    "cluster/test_node.py": _NODE,
    "cluster/test_operator_crd.py": "a control plane without the kind",
    "cluster/test_operator_rights.py": "a control plane that notes who asks what",
    "docs/test_site.py": "the documentation's site, and a browser",
    "operator/campaign/test_gallery.py": "a browser",
    "operator/campaign/test_gallery_compare.py": "a browser, and videos to compare",
    "operator/campaign/test_gallery_hover.py": "a browser, and videos to play",
    "operator/campaign/test_gallery_selection.py": "a browser, and a campaign to select from",
    "operator/local/test_disclosure.py": "a campaign of what AI made",
    "operator/local/test_disk.py": "a campaign where there is room",
    "operator/local/test_sources.py": "sources of each kind",
    "operator/pages/test_only.py": "a browser that runs a script",
    "operator/preview/test_app.py": "a campaign to play",
    "operator/preview/test_page.py": "a browser, and a preview that it looks at",
    "operator/preview/test_session.py": "a campaign to play, whose file changes",
    "renderer/media/test_check.py": "videos",
    "renderer/media/test_join.py": "segments",
    "renderer/media/test_segment.py": "conversions of each kind of source",
    "renderer/media/test_transitions.py": "a seam of each kind",
    "renderer/test_build.py": "a campaign",
}
"""Modules that begin with something dear, which every worker that has one of their tests would make anew: one makes it for all."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse to start a node for each worker: all of them would make the same campaigns at once."""
    module = _module(item.nodeid)
    uses_it = module.startswith("cluster/") and not {"node", "site"}.isdisjoint(
        getattr(item, "fixturenames", ())
    )
    if uses_it and hasattr(item.config, "workerinput") and _ONE_WORKER.get(module) != _NODE:
        pytest.fail(f"{module} uses the node: name it in _ONE_WORKER of tests/conftest.py", pytrace=False)


def _module(nodeid: str) -> str:
    return nodeid.split("::", 1)[0].removeprefix("tests/")


class _OneByOne(LoadScopeScheduling):  # type: ignore[misc]  # without types
    """What shares something dear first, then each test to whoever is free: the cluster's, which are long, before the short ones.

    It is what ``--dist loadgroup`` does by marks, of which pytest-xdist 3.8 sees none beside pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _ONE_WORKER.get(_module(nodeid), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _OneByOne:
    """Who runs which tests with ``-n``."""
    return _OneByOne(config, log)
