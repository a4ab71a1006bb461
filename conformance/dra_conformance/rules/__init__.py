"""Pure rules on published objects and files; the checks in ``suite`` apply them to a driver."""
