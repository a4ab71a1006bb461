"""Where pods go and which devices their claims get.

Pure: ``devices`` (slices as values), ``selection`` (which nodes something means), ``pools`` (what a node is offered),
``capacity``, ``counters``, ``tolerations``, ``constraints``, ``neighbours`` (single questions), ``requests`` (claims made ready), ``allocator`` (the
search), ``results`` (what is written into a claim), ``explain`` (why not). ``usage`` and ``inventory`` keep what the
cluster has, change by change. The scheduler that acts is ``kube_emulator.scheduler.scheduler``.
"""
