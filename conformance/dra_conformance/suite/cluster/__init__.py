"""Requirements on the cluster: checked on a whole one, with devices that the checks publish themselves."""
