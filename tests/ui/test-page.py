#!/usr/bin/env python3
"""The page at /ui/ in a real browser.  tests/ui/test-page.py FOLDER-OF-PROGRAMS [WORD ...]   Ends with `N passed, N failed, N skipped`."""
import contextlib
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests/wire"), os.path.join(ROOT, "tests/ui")]
import browser as browsers
import cluster as clusters
import suite


@contextlib.contextmanager
def page(cluster):
    """The page, by way of kubectl proxy of the first node."""
    node = cluster.nodes[0]
    proxy = subprocess.Popen(["kubectl", "--kubeconfig", node.folder + "/admin.kubeconfig", "proxy", "--port", "0"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = re.search(r"127\.0\.0\.1:\d+", proxy.stdout.readline())[0]
        with tempfile.TemporaryDirectory(prefix="troupe-ui-", ignore_cleanup_errors=True) as folder, browsers.Browser(folder) as browser:
            browser.open("http://%s/ui/" % address)
            browser.until("document.getElementById('link').className == 'live'")
            yield browser
    finally:
        proxy.kill()
        proxy.wait()


def row(name):
    return '.row[data-name="%s"]' % name


def test_the_page_draws_nodes_hosts_and_actors_under_one_another(cluster3):
    with page(cluster3) as browser:
        browser.until("document.querySelectorAll('#tree > li.Node').length == 3")
        browser.until("document.querySelector('#tree > li.Node > ul > li.Host > ul > li.Actor > .row[data-name=\"n2.core.store\"]') != null")
        browser.until("/^3 nodes, 9 hosts, [0-9]+ actors/.test(document.getElementById('counts').textContent)")
        names = browser.value("[...document.querySelectorAll('#tree > li > ul > li > .row')].map(r => r.dataset.name)")
        assert names == ["n%d.%s" % (n, host) for n in (1, 2, 3) for host in ("control", "core", "node")], names
        # Everything it shows came by one request, and none went elsewhere.
        asked = browser.value("performance.getEntriesByType('resource').map(e => new URL(e.name).pathname)")
        assert len(asked) <= 1 and all(path.endswith("/actors") for path in asked), asked
        assert not browser.complaints, browser.complaints


def test_a_click_shows_an_actor_and_the_button_kills_it_and_it_comes_back(cluster3):
    name = "n3.core.mark"
    with page(cluster3) as browser:
        browser.until("document.querySelector('%s') != null" % row(name))
        browser.click(row(name))
        browser.until("document.getElementById('who').textContent == '%s'" % name)
        browser.until("document.getElementById('facts').textContent.includes('control-plane-mark') || document.getElementById('facts').textContent.includes('mark')")
        browser.click("#kill")
        browser.until("document.getElementById('said').textContent == '%s was killed, and its supervisor starts it again'" % name)
        browser.until("document.querySelector('%s .restarts').textContent == '1 restart'" % row(name))
        browser.until("document.getElementById('news').textContent.includes('%s was started again: killed')" % name)
        browser.until("document.querySelector('%s').parentNode.classList.contains('Running')" % row(name))
        assert not browser.complaints, browser.complaints


def test_a_host_cannot_be_killed_by_mistake(cluster3):
    with page(cluster3) as browser:
        browser.until("document.querySelector('%s') != null" % row("n2.core"))
        browser.click(row("n2.core"))
        browser.until("document.getElementById('who').textContent == 'n2.core'")
        assert browser.value("document.getElementById('kill').className") == "hidden"


def test_a_killed_host_and_a_lost_node_are_seen(cluster3):
    lost = next(node for node in cluster3.nodes if node.name == "n3")
    with page(cluster3) as browser:
        browser.until("document.querySelector('%s') != null" % row("n2.node.agent"))
        next(node for node in cluster3.nodes if node.name == "n2").kill_host("node")
        browser.until("document.querySelector('%s .restarts').textContent == '1 restart'" % row("n2.node"), 30)
        browser.until("document.getElementById('news').textContent.includes('n2.node was started again: signal 9')")
        lost.kill()
        browser.until("document.querySelector('%s').parentNode.classList.contains('Silent')" % row("n3"), 30)
        browser.until("document.querySelector('%s') == null" % row("n3.core.store"))
        lost.start().wait_ready()
        browser.until("document.querySelector('%s') != null" % row("n3.core.store"), 30)


def test_the_page_goes_on_when_its_server_was_away(cluster3):
    node = cluster3.nodes[0]
    with page(cluster3) as browser:
        node.kill_host("core")
        browser.until("document.getElementById('link').className != 'live'")
        node.wait_ready()
        browser.until("document.getElementById('link').className == 'live'", 30)
        browser.until("document.querySelector('%s .restarts').textContent.includes('restart')" % row("n1.core"), 30)


def test_finding_hides_what_does_not_fit(cluster3):
    with page(cluster3) as browser:
        browser.until("document.querySelector('%s') != null" % row("n1.core.store"))
        browser.value("(() => { const f = document.getElementById('find'); f.value = 'store'; f.dispatchEvent(new Event('input')); return 1; })()")
        shown = browser.value("[...document.querySelectorAll('#tree .row:not(.hidden)')].map(r => r.dataset.name)")
        assert shown == ["n1.core.store", "n2.core.store", "n3.core.store"], shown


if __name__ == "__main__":
    if browsers.program() is None:
        sys.exit("no Chromium here: deploy/setup ui installs one\n0 passed, 1 failed, 0 skipped")
    sys.exit(suite.main(globals(), sys.argv))
