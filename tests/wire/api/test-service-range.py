#!/usr/bin/env python3
"""What Services get addresses and ports of: --service-cluster-ip-range and --service-node-port-range."""
import ipaddress
import ssl
import sys

import suite
from cluster import Cluster, Node, until
import tempfile

RANGES = ("--service-cluster-ip-range", "10.43.0.0/24", "--service-node-port-range", "20000-20009")


def service(name, **spec):
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], **spec}}


def make(node, name, **spec):
    return node.request("POST", "/api/v1/namespaces/default/services", service(name, **spec))


def ranges(node):
    code, found = node.request("GET", "/apis/networking.k8s.io/v1/servicecidrs/kubernetes")
    return code == 200 and found["spec"]["cidrs"]


def names(node):
    """What the certificate of the node's API is for."""
    with open(node.folder + "/pki/apiserver.crt", encoding="ascii") as file:
        pem = file.read()
    path = node.folder + "/first.pem"
    with open(path, "w", encoding="ascii") as file:
        file.write(pem)
    return [value for _, value in ssl._ssl._test_decode_cert(path)["subjectAltName"]]


def test_services_get_addresses_and_ports_of_the_ranges_that_were_said():
    with Cluster(1, RANGES) as cluster:
        node = cluster.nodes[0]
        until(lambda: ranges(node) == ["10.43.0.0/24"], 30, "the default ServiceCIDR says so")
        first = until(lambda: (lambda a: a[0] == 200 and a[1])(node.request("GET", "/api/v1/namespaces/default/services/kubernetes")), 30, "it is there")
        assert first["spec"]["clusterIP"] == "10.43.0.1", first
        assert "10.43.0.1" in names(node), names(node)
        code, made = make(node, "one", type="NodePort")
        assert code == 201, made
        assert ipaddress.ip_address(made["spec"]["clusterIP"]) in ipaddress.ip_network("10.43.0.0/24"), made
        assert 20000 <= made["spec"]["ports"][0]["nodePort"] <= 20009, made
        code, said = make(node, "two", type="NodePort", ports=[{"port": 80, "nodePort": 30000}])
        assert code == 422 and "The range of valid ports is 20000-20009" in said["message"], said
        for i in range(9):
            assert make(node, "more-%d" % i, type="NodePort")[0] == 201
        code, said = make(node, "full", type="NodePort")
        assert code == 500 and "range is full" in said["message"], said
        # A second family comes to what is there; what was said first stays.
        assert node.stop() == 0
        node.start("--service-cluster-ip-range", "10.43.0.0/24,fd00:43::/112").wait_ready()
        until(lambda: ranges(node) == ["10.43.0.0/24", "fd00:43::/112"], 30, "the second family was added")

        def both():
            code, made = make(node, "both", ipFamilyPolicy="RequireDualStack")
            return code == 201 and made
        made = until(both, 30, "a service of both families")
        assert [":" in address for address in made["spec"]["clusterIPs"]] == [False, True], made
        assert node.stop() == 0
        # Another range is not taken in silence, and the certificate has the names that were said last.
        node.start("--service-cluster-ip-range", "10.44.0.0/24").wait_ready()

        def is_told():
            with open(node.log, encoding="utf-8") as log:
                return "says otherwise than --service-cluster-ip-range" in log.read()
        until(is_told, 30, "that the option says something else is in the log")
        assert ranges(node) == ["10.43.0.0/24", "fd00:43::/112"], ranges(node)
        assert "10.44.0.1" in names(node), names(node)


def test_a_cluster_of_IPv6_first_has_its_service_there():
    with Cluster(1, ("--service-cluster-ip-range", "fd00:43::/112,10.43.0.0/24")) as cluster:
        node = cluster.nodes[0]
        first = until(lambda: (lambda a: a[0] == 200 and a[1])(node.request("GET", "/api/v1/namespaces/default/services/kubernetes")), 30, "it is there")
        assert first["spec"]["clusterIP"] == "fd00:43::1", first
        assert first["spec"]["ipFamilies"] == ["IPv6"], first
        code, made = make(node, "one")
        assert code == 201 and made["spec"]["clusterIP"].startswith("fd00:43::"), made


def test_a_range_that_cannot_be_stops_the_start():
    for words, said in ((("--service-cluster-ip-range", "10.0.0.0/24,10.1.0.0/24"), "must be of different IP family"),
                        (("--service-node-port-range", "10-1"), "is FIRST-LAST, of ports from 1 to 65535")):
        with tempfile.TemporaryDirectory() as folder:
            node = Node("n1", folder).start(*words)
            assert node.process.wait(30) == 1
            assert said in node.last_words(), node.last_words()


if __name__ == "__main__":
    sys.exit(suite.main(globals(), sys.argv))
