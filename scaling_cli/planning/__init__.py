"""The bill before a run: what it will take, how sure it will make one, and what came of that."""
