"""High availability: three etcd, three Patroni, and what happens to the service when the leader fails."""
