"""Tools: functions of the program, of MCP servers and of the house that a model may use during a call."""
