"""What the SDK tests share: the parts under test, the clients, and the two logs that are compared."""
