#!/usr/bin/python3
"""A DHT of libtorrent nodes on this machine, for tests (native-host/tests/interop).

    libtorrent_net.py NODES [HOST:PORT…]

Each node has a subnet of its own, 127.1.N.0/24: of one subnet few are believed. The nodes know each other and those
named. When they do, one line of JSON tells where they are: {"nodes": ["127.1.1.1:4321", …]}. Then each line on standard
input is a command, answered by one line:

    {"do": "put", "seed": HEX, "key": HEX, "value": HEX}
                                               {"seq", "signature", "stored"}: signed by libtorrent, with the seq of the
                                               newest item that it finds plus one, and stored on so many nodes
    {"do": "get", "key": HEX, "seq": N}        {"seq", "signature", "value"}, or null when no node has an item: the first
                                               item found that is not older than this seq, else the newest of all

What goes wrong is answered {"error": TEXT}. It ends with its standard input.
"""

import hashlib
import json
import sys
import time

try:
    import libtorrent as lt
except ImportError:
    sys.exit("libtorrent_net.py: python3-libtorrent is missing: apt-get install python3-libtorrent")

PATIENCE = 20  # seconds that anything may take


def session(address):
    """A node. None is read-only: libtorrent remembers those that put, and waits 15 s for an answer of one."""
    return lt.session(
        {
            "listen_interfaces": f"{address}:0",
            "alert_mask": lt.alert.category_t.dht_notification,
            "enable_dht": True,
            "enable_lsd": False,
            "enable_natpmp": False,
            "enable_upnp": False,
            "dht_bootstrap_nodes": "",
            # Many nodes in one small network are an attack elsewhere and the plan here.
            "dht_restrict_routing_ips": False,
            "dht_restrict_search_ips": False,
            # The limit of 8000 bytes a second is soon spent where no packet takes any time.
            "dht_upload_rate_limit": 1_000_000,
        }
    )


def alerts(node, until):
    """The alerts of a node as they come, until a time."""
    while (left := until - time.monotonic()) > 0:
        if node.wait_for_alert(int(left * 1000) + 1):
            yield from node.pop_alerts()


def known(node, until):
    """How many others a node knows."""
    node.post_session_stats()
    for alert in alerts(node, until):
        if isinstance(alert, lt.session_stats_alert):
            return alert.values["dht.dht_nodes"]
    return 0


def start(count, others):
    """Nodes that know each other and the others, and where they are."""
    nodes = [session(f"127.1.{number}.1") for number in range(1, count + 1)]
    places = [(f"127.1.{number}.1", node.listen_port()) for number, node in enumerate(nodes, 1)]
    until = time.monotonic() + PATIENCE
    for node, own in zip(nodes, places):
        wanted = [place for place in places + others if place != own]
        while known(node, until) < len(wanted):
            if time.monotonic() > until:
                sys.exit(f"libtorrent_net.py: the nodes did not find each other in {PATIENCE} s")
            for place in wanted:
                node.add_dht_node(place)
            time.sleep(0.02)
    return nodes, [f"{host}:{port}" for host, port in places]


def expanded(seed):
    """The secret key as libtorrent takes it: the clamped SHA-512 of the seed (RFC 8032, section 5.1.5)."""
    secret = bytearray(hashlib.sha512(seed).digest())
    secret[0] &= 248
    secret[31] &= 63
    secret[31] |= 64
    return bytes(secret)


def put(nodes, command):
    client = nodes[0]
    seed, key = bytes.fromhex(command["seed"]), bytes.fromhex(command["key"])
    client.pop_alerts()
    client.dht_put_mutable_item(expanded(seed), key, bytes.fromhex(command["value"]), b"")
    for alert in alerts(client, time.monotonic() + PATIENCE):
        if isinstance(alert, lt.dht_put_alert) and bytes(alert.public_key) == key:
            return {"seq": alert.seq, "signature": alert.signature.hex(), "stored": alert.num_success}
    raise TimeoutError(f"no end of the put in {PATIENCE} s")


def get(nodes, command):
    client = nodes[-1]
    key = bytes.fromhex(command["key"])
    client.pop_alerts()
    client.dht_get_mutable_item(key, b"")
    for alert in alerts(client, time.monotonic() + PATIENCE):
        # Each newer item is told when it is found, and the newest again as the authoritative one when the search has
        # ended. That takes 15 s as soon as one node is silent, and whoever put something and left is such a node.
        if not isinstance(alert, lt.dht_mutable_item_alert) or bytes(alert.key) != key:
            continue
        try:
            value = alert.item["value"]
        except RuntimeError:  # its words for an item that isn't there
            value = None
        if value is not None and (alert.authoritative or alert.seq >= command["seq"]):
            return {"seq": alert.seq, "signature": bytes(alert.signature).hex(), "value": value.hex()}
        if alert.authoritative:
            return None
    raise TimeoutError(f"no end of the get in {PATIENCE} s")


def main():
    count = int(sys.argv[1])
    others = [(host, int(port)) for host, port in (place.rsplit(":", 1) for place in sys.argv[2:])]
    nodes, places = start(count, others)
    print(json.dumps({"nodes": places}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"put": put, "get": get}[command["do"]](nodes, command)
        except Exception as error:  # noqa: BLE001, whatever it is, it is an answer
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
