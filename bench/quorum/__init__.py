"""What a quorum costs: three members on this machine beside a cell of one."""
