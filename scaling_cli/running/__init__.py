"""Running a sweep: the one door, its journal, and the loop that fills the store."""
