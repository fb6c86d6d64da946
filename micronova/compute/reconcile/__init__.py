"""What must stay true, whoever broke it: woken by events and by the clock; one path for usual case and repair."""
