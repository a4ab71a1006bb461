"""Health of devices: what is wrong (``conditions``, pure), how it is noticed (``events``) and kept (``store``), ``monitor``."""
