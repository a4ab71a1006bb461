"""Why the control driver does not do what a call asks for."""


class Refusal(Exception):
    """A claim cannot be prepared or unprepared."""


class Unwritten(Refusal):
    """A claim's CDI file cannot be written."""
