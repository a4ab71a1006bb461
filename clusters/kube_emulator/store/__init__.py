"""Objects, revisions, history and watches: what etcd and the watch cache are in a real cluster."""
