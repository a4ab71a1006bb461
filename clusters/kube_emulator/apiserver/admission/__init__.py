"""Admission that administrators configure: webhooks and ValidatingAdmissionPolicies (apiserver ``pkg/admission/plugin``, 1.37).

Writes of users pass here. Those of the cluster's own parts (scheduler, controllers, kubelets) do not: they are synchronous
and trusted, where a real cluster would ask for them too.
"""
