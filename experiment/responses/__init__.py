"""What people press and move: keyboard, mouse, and a simulated participant's hand."""
