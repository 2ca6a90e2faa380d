"""A Ray cluster of several raylets on this machine, in a process of its own: python ray_cluster.py FOLDER

Prints its address. Then for every line on standard input: `kill` ends a raylet with SIGKILL, `add` starts one, and
the number of those that work is printed. Ends with its input. FOLDER holds its logs, sockets and spilled objects.
"""

import os
import sys

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112, this is its name
os.environ["RAY_TMPDIR"] = sys.argv[1]

from ray.cluster_utils import Cluster

#: for the workers that each keeps
MEMORY = 100 * 2**20


def main() -> None:
    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": MEMORY}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    working = [cluster.add_node(num_cpus=1, object_store_memory=MEMORY) for _ in range(2)]
    print(cluster.address, flush=True)
    for line in sys.stdin:
        if line.strip() == "kill":
            cluster.remove_node(working.pop(0), allow_graceful=False)
        else:
            working.append(cluster.add_node(num_cpus=1, object_store_memory=MEMORY))
        print(f"{len(working)} left", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
